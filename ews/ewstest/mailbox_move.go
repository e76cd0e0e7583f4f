package ewstest

import "time"

// MoveAway begins a move of the mailbox to another database that ends by itself after a
// duration, in virtual time inside a synctest bubble. Until then, requests for its
// address and ids get ErrorMailboxMoveInProgress, people cannot work in it, and policies
// wait. Afterwards all ids are valid again. [Mailbox.Restore] ends the move early. Like
// any such move, it does not affect the content.
func (m *Mailbox) MoveAway(d time.Duration) { m.moveAway(d, "") }

func (m *Mailbox) moveAway(d time.Duration, when string) {
	s := m.server
	s.mu.Lock()
	defer s.mu.Unlock()
	m.cancelMove()
	s.org.RemoveMailbox(m.box, true)
	s.record(Deed{When: when, Who: "mailbox " + m.box.Address, Action: "moves", What: "for " + d.String()})
	m.cancel = s.later(d, m.back)
}

// back makes the mailbox available, and lets policies catch up on what they postponed.
func (m *Mailbox) back() {
	s := m.server
	if m.cancelMove() {
		s.record(Deed{Who: "mailbox " + m.box.Address, Action: "returns", What: "from its move"})
	}
	m.box.Gone, m.box.Moving = false, false
	for _, p := range s.people.policies {
		stays := p.postponed
		p.postponed = nil
		for _, stay := range stays {
			s.enforceLate(p, stay)
		}
	}
	s.settle("")
}

// cancelMove cancels the pending end of a move and reports whether there was one.
func (m *Mailbox) cancelMove() bool {
	expected := m.cancel != nil
	if expected {
		m.cancel()
		m.cancel = nil
	}
	return expected
}
