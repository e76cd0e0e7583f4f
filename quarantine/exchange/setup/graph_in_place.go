package setup

import (
	"net/url"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/msclouds"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// graphInPlace adds the steps for Exchange Online over Microsoft Graph, with messages that
// stay in their mailboxes, which takes fewer rights.
func (s *builder) graphInPlace() {
	s.guide.Notes = append(s.guide.Notes, untried,
		"`quarantineInPlace` is no quarantine from a user who looks for it: messages stay in a hidden folder of their own mailbox, "+code(graphmail.VaultFolder)+", from which its owner can take them out with any program that lists hidden folders.")
	host, exchange, graph := msclouds.All()[0].GraphHost, "", ""
	if u, err := url.Parse(s.cfg.GraphURL); err == nil {
		host = u.Hostname()
	}
	for _, cloud := range msclouds.All() {
		if strings.EqualFold(cloud.GraphHost, host) {
			exchange, graph = cloudSwitches(cloud.Name)
		}
	}
	s.modules("The addresses of Graph",
		"Let the machine that runs the quarantine connect to "+code(host)+", and to "+code(s.authority())+", where it signs in.", exchange, graph)
	s.application()
	s.certificate()
	s.permit("Give it the permissions that have no scope", []string{
		"`User.Read.All` finds the mailbox of an address, and `GroupMember.Read.All`, with `OrgContact.Read.All` for contacts, expands groups; leave the last two out if you expand none. Nothing is exported or imported, which needs further permissions.",
		"The last command is the admin consent; the one before prints the names that Graph does not know, and should print nothing.",
	}, "User.Read.All", "GroupMember.Read.All", "OrgContact.Read.All")
	s.permit("Either: let it change mail in all mailboxes", []string{
		"`Mail.ReadWrite` finds, marks and moves messages in every mailbox of the tenant, including those created later. Skip this step to give the application the mail of some mailboxes only, as below.",
	}, "Mail.ReadWrite")
	s.scoped("Or: let it change mail in some mailboxes", "Application Mail.ReadWrite", "as long as the application also has consent to `Mail.ReadWrite`, the scope restricts nothing.",
		"The scope is for mail alone. The directory is not limited by it.")
	s.headers()
}
