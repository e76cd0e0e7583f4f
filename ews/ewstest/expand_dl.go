package ewstest

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// expandDL returns the members of one list, dynamic or not, one level deep.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/expanddl-operation.
func expandDL(c *call) *refusal {
	c.batch([]*ewsschema.Node{c.op.Child("Mailbox")}, func(n *ewsschema.Node) (func(), *refusal) {
		if id := n.Child("ItemId"); id.Exists() {
			return nil, lacks.refusal(c.opts.Version, "a list named by "+id.Local, true)
		}
		if !c.who.hasMailbox() {
			return nil, refuse("ErrorNameResolutionNoMailbox")
		}
		found := slices.DeleteFunc(c.directory.list(n.Value("EmailAddress")), func(l *list) bool { return l.hidden })
		switch len(found) {
		case 0:
			return nil, refuse("ErrorNameResolutionNoResults")
		case 1:
		default:
			return nil, refuse("ErrorNameResolutionMultipleResults")
		}
		members := c.members(found[0])
		return func() {
			c.out.Open("m:DLExpansion")
			c.out.writePlace(len(members), len(members), true, false)
			for _, m := range members {
				c.out.writeEntry("t:Mailbox", m)
			}
			c.out.Close()
		}, nil
	})
	return nil
}

// entry is an entry of the address book.
type entry struct{ name, address, kind string }

func (l *list) entry() entry { return entry{l.name, l.address, "PublicDL"} }

func (c *contact) entry() entry { return entry{c.name, c.address, "Contact"} }

// members returns the members of a list that are not hidden, without expanding
// nested lists.
func (s *Server) members(l *list) []entry {
	var all []entry
	for _, address := range s.membersOf(l) {
		if e, ok := s.lookUp(address); ok {
			all = append(all, e)
		}
	}
	return all
}

// lookUp finds an address in the address book and reports whether it is shown.
// An address that is not in the book counts as a contact.
func (s *Server) lookUp(address string) (entry, bool) {
	if l := s.directory.lists[strings.ToLower(address)]; l != nil {
		return l.entry(), !l.hidden
	}
	if box := s.org.ByAddress(address); box != nil {
		return entry{box.DisplayName, box.Address, "Mailbox"}, !box.Hidden
	}
	if c := s.directory.contacts[strings.ToLower(address)]; c != nil {
		return c.entry(), !c.hidden
	}
	return entry{address, address, "Contact"}, address != ""
}

func (e *encoder) writeEntry(element string, m entry) {
	e.Open(element)
	e.entryFields(m)
	e.Close()
}

func (e *encoder) entryFields(m entry) {
	e.Leaf("t:Name", m.name)
	e.Leaf("t:EmailAddress", m.address)
	e.Leaf("t:RoutingType", "SMTP")
	e.Leaf("t:MailboxType", m.kind)
}
