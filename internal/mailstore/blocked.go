package mailstore

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// Block adds an address to the mailbox's list of blocked senders, or removes it.
func (m *Mailbox) Block(address string, blocked bool) {
	key := strings.ToLower(address)
	switch {
	case !blocked:
		delete(m.blocked, key)
	case m.blocked == nil:
		m.blocked = map[string]bool{key: true}
	default:
		m.blocked[key] = true
	}
}

// Blocks reports whether the sender of a message is blocked.
func (m *Mailbox) Blocks(raw []byte) bool {
	if len(m.blocked) == 0 {
		return false
	}
	from, sender := people(eml.Parse(raw))
	return m.blocked[strings.ToLower(from.Email)] || m.blocked[strings.ToLower(sender.Email)]
}
