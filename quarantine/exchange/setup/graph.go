package setup

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
)

// graphResource is the id of Microsoft Graph as a resource, the same in every tenant.
// See https://learn.microsoft.com/en-us/graph/permissions-reference.
const graphResource = "00000003-0000-0000-c000-000000000000"

// untried is the note for every guide over Graph.
const untried = "What Graph does was taken from Microsoft's documentation and from reports; no tenant has been tried yet. Begin with mailboxes for tests."

// graph adds the steps for Exchange Online over Microsoft Graph.
func (s *builder) graph() {
	s.guide.Notes = append(s.guide.Notes, untried)
	cloud := msclouds.All()[0] // the others are refused
	s.modules("The addresses of Graph",
		"Let the machine that runs the quarantine connect to "+code(cloud.GraphHost)+", to "+code(cloud.EWSHost)+", which takes the messages that are carried, and to "+code(s.authority())+", where it signs in. `graphUrl` need not be set.", "", "")
	s.quarantineMailbox(ShellExchangeOnline, false)
	s.application()
	s.certificate()
	s.permit("Give it the permissions that have no scope", []string{
		"`MailboxItem.ImportExport.All` carries messages from one mailbox to the other, `MailboxItem.Read.All` and `MailboxFolder.Read.All` find what is exported where Graph has its own ids for that, `User.Read.All` finds the mailbox of an address, and `GroupMember.Read.All`, with `OrgContact.Read.All` for contacts, expands groups; leave the last two out if you expand none.",
		"They are for every mailbox of the tenant: no role of RBAC for Applications covers export and import, so far as Microsoft has published them. Guard the private key of this application accordingly. The last command is the admin consent; the one before prints the names that Graph does not know, and should print nothing.",
	}, "MailboxItem.ImportExport.All", "MailboxItem.Read.All", "MailboxFolder.Read.All", "User.Read.All", "GroupMember.Read.All", "OrgContact.Read.All")
	s.permit("Either: let it change mail in all mailboxes", []string{
		"`Mail.ReadWrite` finds, marks and removes messages in every mailbox of the tenant, including those created later. Skip this step to give the application the mail of some mailboxes only, as below.",
	}, "Mail.ReadWrite")
	s.scoped("Or: let it change mail in some mailboxes", "Application Mail.ReadWrite", "as long as the application also has consent to `Mail.ReadWrite`, the scope restricts nothing.",
		"The scope is for mail alone. Export, import and the directory are not limited by it.")
	s.headers()
}

// headers lets the application add headers, if the configuration has any.
func (s *builder) headers() {
	if s.cfg.QuarantineHeader.Name != "" || s.cfg.UndoHeader.Name != "" {
		s.permit("Let it add headers", []string{
			"The configuration has `quarantineHeader` or `undoHeader`. From 2026-12-31 Graph lets an application change sensitive properties of received messages only with `Mail-Advanced.ReadWrite.All`; headers may be among them. Skip this step if you leave the headers out.",
		}, "Mail-Advanced.ReadWrite.All")
	}
}

// authority returns the host to sign in at.
func (s *builder) authority() string {
	if host := strings.TrimPrefix(s.cfg.Authentication.AuthenticationEndpoint, "https://"); host != "" {
		return strings.TrimSuffix(host, "/")
	}
	return msclouds.All()[0].Authorities[0]
}

// permit adds a step that gives the application permissions of Graph, by name: the commands
// ask Graph itself for their ids.
func (s *builder) permit(title string, text []string, permissions ...string) {
	var names []string
	for _, p := range permissions {
		names = append(names, powershell.Quote(p))
	}
	s.add(title, text, ShellGraph,
		"$graph = Get-MgServicePrincipal -Filter "+powershell.Filter("appId", "eq", graphResource),
		"$names = @("+strings.Join(names, ",")+")",
		"$roles = @($graph.AppRoles | Where-Object { $names -contains $_.Value -and $_.AllowedMemberTypes -contains 'Application' })",
		"$names | Where-Object { $roles.Value -notcontains $_ }",
		"$roles | ForEach-Object { New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $principal.Id -PrincipalId $principal.Id -ResourceId $graph.Id -AppRoleId $_.Id }",
	)
}
