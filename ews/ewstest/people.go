package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// inBook finds an address in the directory, even if its entry is hidden.
func (s *Server) inBook(address string) (entry, bool) {
	e, _ := s.lookUp(address)
	return e, e.kind != "Contact" || s.directory.contacts[strings.ToLower(address)] != nil
}

// named returns an address with its name in the directory, unless the client gives one:
// real servers resolve recipients when an item is saved.
func (s *Server) named(a eml.Address) eml.Address {
	if a.Name == "" {
		if e, ok := s.inBook(a.Email); ok {
			a.Name = e.name
		}
	}
	return a
}

// mailbox writes a person. Anybody in the directory is a Mailbox, PublicDL or Contact,
// and anybody else OneOff.
func (e *encoder) mailbox(a eml.Address) {
	kind, name := "OneOff", a.Name
	if e.server != nil && a.Email != "" {
		if known, ok := e.server.inBook(a.Email); ok {
			kind = known.kind
			if name == "" || name == a.Email {
				name = known.name
			}
		}
	}
	if name == "" {
		name = a.Email
	}
	e.Open("t:Mailbox")
	e.Leaf("t:Name", name)
	if a.Email != "" {
		e.Leaf("t:EmailAddress", a.Email)
		e.Leaf("t:RoutingType", "SMTP")
		e.Leaf("t:MailboxType", kind)
	}
	e.Close()
}

// editor returns the name of the last person to change an item: initially its creator or,
// for a delivered item, the owner.
func (s *Server) editor(root *mailstore.Item) string {
	for _, account := range []string{root.Editor, root.Creator} {
		if account == "" {
			continue
		}
		if box := s.org.ByAddress(account); box != nil {
			return box.DisplayName
		}
		return localPart(account)
	}
	return root.Folder.Mailbox.DisplayName
}
