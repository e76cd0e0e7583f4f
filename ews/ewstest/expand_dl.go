package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

func expandDL(c *call) *refusal {
	c.batch([]*ewsschema.Node{c.op.Child("Mailbox")}, func(n *ewsschema.Node) (func(), *refusal) {
		if c.who.box == nil {
			return nil, refuse("ErrorNameResolutionNoMailbox")
		}
		address := strings.ToLower(strings.TrimSpace(n.Value("EmailAddress")))
		l := c.directory.lists[address]
		if l == nil || l.hidden {
			return nil, refuse("ErrorNameResolutionNoResults")
		}
		members := c.members(l)
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

// entry is what the address book shows of somebody.
type entry struct{ name, address, kind string }

// members returns the members of a list that are not hidden, lists among them
// as lists.
func (s *Server) members(l *list) []entry {
	var all []entry
	for _, address := range l.members {
		if e, ok := s.lookUp(address); ok {
			all = append(all, e)
		}
	}
	return all
}

// lookUp finds an address in the address book. Who is not of the organisation is
// a contact.
func (s *Server) lookUp(address string) (entry, bool) {
	if l := s.directory.lists[strings.ToLower(address)]; l != nil {
		return entry{l.name, l.address, "PublicDL"}, !l.hidden
	}
	if box := s.org.ByAddress(address); box != nil {
		return entry{box.DisplayName, box.Address, "Mailbox"}, !box.Hidden
	}
	return entry{address, address, "Contact"}, address != ""
}

func (e *encoder) writeEntry(element string, m entry) {
	e.Open(element)
	e.Leaf("t:Name", m.name)
	e.Leaf("t:EmailAddress", m.address)
	e.Leaf("t:RoutingType", "SMTP")
	e.Leaf("t:MailboxType", m.kind)
	e.Close()
}
