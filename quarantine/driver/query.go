package driver

import "strings"

// Matches reports whether the query asks for the item, ignoring folders.
// Servers may match too loosely, so a driver checks what they return.
func (q Query) Matches(it Item) bool {
	if q.MessageID != "" && !SameMessageID(it.MessageID, q.MessageID) {
		return false
	}
	if !q.Received.IsZero() && !SameTime(it.Received, q.Received) {
		return false
	}
	if q.Operation == "" && q.Origin == "" && !q.Stamped {
		return true
	}
	return it.Stamp != nil && (q.Operation == "" || it.Stamp.Operation == q.Operation) &&
		(q.Origin == "" || strings.EqualFold(it.Stamp.Mailbox, q.Origin))
}
