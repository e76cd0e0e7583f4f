package selftest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/powershell"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// Application permissions of Graph.
// See https://learn.microsoft.com/en-us/graph/permissions-reference.
const (
	permissionMail     = "Mail.ReadWrite"
	permissionTransfer = "MailboxItem.ImportExport.All"
	permissionUsers    = "User.Read.All"
	permissionGroups   = "GroupMember.Read.All"
	permissionItems    = "MailboxItem.Read.All"
	permissionFolders  = "MailboxFolder.Read.All"
	permissionAdvanced = "Mail-Advanced.ReadWrite.All"
)

// permissionUse describes what each is for.
var permissionUse = map[string]string{
	permissionMail:     "finds, marks and removes messages",
	permissionTransfer: "carries messages from one mailbox to the other",
	permissionUsers:    "finds the mailbox of an address",
	permissionGroups:   "expands groups",
	permissionItems:    "carries messages where Graph has other ids for export than for mail",
	permissionFolders:  "carries messages where Graph has other ids for export than for mail",
	permissionAdvanced: "adds headers to received messages from 2026-12-31 on",
}

// permissionIn lists, for some permissions, others that include them.
var permissionIn = map[string][]string{
	permissionUsers:   {"User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
	permissionGroups:  {"GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
	permissionItems:   {"MailboxItem.ReadWrite.All"},
	permissionFolders: {"MailboxFolder.ReadWrite.All"},
}

// checkPermissions compares the token with what the configuration needs. It comes last: a
// permission without which something was refused is missing, and one without which
// everything worked is granted in another way.
func (g *graphChecker) checkPermissions() {
	switch {
	case g.client == nil:
		return // its row tells why
	case g.token.delegated():
		g.fail(CheckPermissions, "", "the token is that of a user, not of an application: it opens the user's own mailbox only",
			remedy{text: "sign in as an application, with application permissions"})
		return
	case !g.token.known():
		if g.result(CheckAuthentication, "").Status == OK {
			g.skip(CheckPermissions, "", "not known: the token is not shown, or not one that can be read; what it may do, the other checks show")
		}
		return
	}
	var missing, without []string
	needed, optional := []string{permissionUsers, permissionTransfer}, []string{permissionGroups, permissionItems, permissionFolders}
	if g.cfg.QuarantineInPlace {
		needed, optional = needed[:1], optional[:1] // nothing is exported or imported
	}
	if g.cfg.QuarantineHeader.Name != "" || g.cfg.UndoHeader.Name != "" {
		optional = append(optional, permissionAdvanced)
	}
	for _, p := range slices.Concat(needed, optional) {
		switch {
		case g.refused[p] && g.dispensable(p):
			without = append(without, p)
		case g.refused[p]:
			missing = append(missing, p)
		case !g.token.has(p) && slices.Contains(optional, p):
			without = append(without, p)
		}
	}
	seen := "the token has " + strings.Join(g.token.relevant(), ", ")
	switch {
	case len(missing) > 0:
		g.fail(CheckPermissions, "", seen+"; it lacks "+described(missing), g.permissionRemedy(missing))
	case len(without) > 0:
		if slices.ContainsFunc(without, func(p string) bool { return g.refused[p] }) {
			seen = madeAnew + "; " + seen
		}
		g.warn(CheckPermissions, "", seen+"; it lacks "+described(without), g.permissionRemedy(without))
	default:
		g.ok(CheckPermissions, "", seen+g.reach())
	}
}

// madeAnew describes what happens without the permissions to export and import.
const madeAnew = "recreateMessages is set, so messages are made anew, and lose what OPERATING.md lists"

// dispensable reports whether messages can be carried without a permission, though less
// well.
func (g *graphChecker) dispensable(permission string) bool {
	return g.cfg.RecreateMessages && slices.Contains([]string{permissionTransfer, permissionItems, permissionFolders}, permission)
}

// reach describes which mailboxes the permissions are for. See
// https://learn.microsoft.com/en-us/exchange/permissions-exo/application-rbac.
func (g *graphChecker) reach() string {
	if g.token.has(permissionMail) {
		return "; consent to " + permissionMail + " is for every mailbox of the tenant, whatever scopes there are"
	}
	if g.cfg.QuarantineInPlace {
		return "; mail is limited by RBAC for Applications"
	}
	return "; mail is limited by RBAC for Applications, but no role of it limits export and import, which are for every mailbox of the tenant"
}

// described lists permissions with what each is for.
func described(permissions []string) string {
	var texts []string
	for _, p := range permissions {
		texts = append(texts, fmt.Sprintf("%s (which %s)", p, permissionUse[p]))
	}
	return strings.Join(texts, ", ")
}

func (g *graphChecker) permissionRemedy(permissions []string) remedy {
	r := remedy{text: "give the application " + strings.Join(permissions, ", ") + " as application permissions of Microsoft Graph, with admin consent; ewsq setup prints how. A token lasts about an hour, so it can take so long to take effect"}
	if g.cfg.Authentication.Type == exchange.AuthenticationAzureAD {
		id := powershell.Filter("appId", "eq", g.cfg.Authentication.ApplicationID)
		r.commands = []string{"Get-MgServicePrincipal -Filter " + id + " | ForEach-Object { Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $_.Id } | Format-List ResourceDisplayName,AppRoleId"}
	}
	return r
}

// mailRemedy returns how to give the application access to the mail of a mailbox.
func (g *graphChecker) mailRemedy(address string) remedy {
	r := remedy{text: "give the application " + permissionMail + " with admin consent; or in RBAC for Applications the role \"Application Mail.ReadWrite\" with a scope that includes the mailbox. " +
		"Exchange caches rights, so it can take two hours to take effect"}
	if id := g.cfg.Authentication.ApplicationID; id != "" {
		r.commands = []string{"Test-ServicePrincipalAuthorization -Identity " + powershell.Quote(id) + " -Resource " + powershell.Quote(address)}
	}
	return r
}

// transferRemedy returns how to let the application export and import.
func (g *graphChecker) transferRemedy() remedy {
	return remedy{text: "give the application " + permissionTransfer + " with admin consent; an application access policy that excludes the mailbox may be in the way, and sovereign clouds have no export and import"}
}
