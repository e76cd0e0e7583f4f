package driver

import (
	"strings"
	"time"
)

// Query describes the items to find. All conditions that are set must hold.
type Query struct {
	// MessageID is an id as someone asked for it: the wanted items are those that are
	// meant by it according to [MeansMessageID].
	MessageID string
	Operation string // operation in the stamp
	Origin    string // mailbox in the stamp
	// Received is when the item was received, to the second.
	Received time.Time

	// In is the folder to search; with Below, the folders below it, too. Nil means
	// all folders that users see, but not search folders or Recoverable Items,
	// unless the strategy is set to include those.
	In    *Folder
	Below bool
	// Except is a folder that, with those below it, need not be searched; nil means
	// none. A driver may search them anyway.
	Except *Folder

	// Archive also searches the online archive of the mailbox, if In is nil and the mail
	// system keeps a separate archive. An archive that cannot be searched is skipped.
	Archive bool

	// Recoverable, if In is nil, searches only what people have deleted and could still
	// be recovered in the mailbox; if the mail system keeps no such items, it finds
	// nothing. The items found have Recoverable set in their folder; the engine ignores
	// others.
	Recoverable bool

	// Stamped finds all items that have a stamp, with their senders.
	Stamped bool
}

// Matches reports whether the query asks for the item, ignoring folders.
// Servers may match too loosely, so a driver checks what they return.
func (q Query) Matches(it Item) bool {
	if q.MessageID != "" && !MeansMessageID(q.MessageID, it.MessageID) {
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
