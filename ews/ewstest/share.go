package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Share calls f with the mailboxes of the server while it is locked, and then lets the
// policies act. It is for another protocol that serves the same mailboxes, as package
// graphtest does; tests use the methods of [Mailbox]. The function must neither call the
// server nor retain its argument.
func (s *Server) Share(f func(*mailstore.Organisation)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.org)
	s.settle("")
}

// Send sends a message of a mailbox as its owner does, keeps it in Sent Items, and
// returns an empty text. If that is impossible, it returns the EWS code for the reason.
// Call it only in a function passed to [Server.Share].
func (s *Server) Send(it *mailstore.Item) (code string) {
	box := it.Folder.Mailbox
	c := &call{Server: s, turn: &turn{server: s}, who: &caller{account: box.Address, box: box, directory: s.directory}}
	if refused := c.maySend(it.Content(), box); refused != nil {
		return string(refused.code)
	}
	c.send(it)
	it.MoveTo(c.copies(nil, it))
	return ""
}

// Entry is an entry of the address book other than a mailbox: a distribution list or a
// mail contact.
type Entry struct {
	Address, DisplayName string
	Contact              bool     // otherwise it is a list
	Members              []string // addresses in the list; for a dynamic list, its current members
	Dynamic              bool
	Hidden               bool // from address lists
}

// Entries returns the distribution lists and contacts, in the order in which they were
// created.
func (s *Server) Entries() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Entry
	for _, key := range s.directory.order {
		if l := s.directory.lists[key]; l != nil {
			all = append(all, Entry{
				Address: l.address, DisplayName: l.name, Members: slices.Clone(s.membersOf(l)),
				Dynamic: l.pattern != "", Hidden: l.hidden,
			})
		}
		if c := s.directory.contacts[key]; c != nil {
			all = append(all, Entry{Address: c.address, DisplayName: c.name, Contact: true, Hidden: c.hidden})
		}
	}
	return all
}
