package quarantinetest

import (
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Lab is a small organisation for a strategy to work on, as its administrator
// sees it. Each is used by one test only; tests run in parallel.
type Lab interface {
	// Strategy returns the strategy under test.
	Strategy() driver.Strategy

	// User and Quarantine return the addresses of two mailboxes, both empty.
	User() string
	Quarantine() string

	// Deliver puts a message into the user's mailbox.
	Deliver(t testing.TB, m Message)

	// Messages returns all messages in a mailbox that its owner sees or could
	// recover, in any order.
	Messages(t testing.TB, mailbox string) []Message

	// UserMoves moves every message with that Message-ID in the user's mailbox to
	// the folder with that name below the Inbox, creating the folder if necessary.
	// It acts as the user would: ids may change.
	UserMoves(t testing.TB, messageID, folder string)

	// DeleteFolder permanently deletes a folder below the Inbox of the user's
	// mailbox.
	DeleteFolder(t testing.TB, folder string)

	// Notices returns how many messages, receipts or notices anyone has received
	// because of what the strategy did.
	Notices(t testing.TB) int
}

// Message is a message as shown by a Lab.
type Message struct {
	MessageID string
	Subject   string
	// Folder is where in the user's mailbox it is: the name of a folder below the
	// Inbox, or empty for the Inbox itself. It has no meaning in the quarantine
	// mailbox.
	Folder string
	Read   bool
	// ReadReceipt means that the sender asks for a read receipt.
	ReadReceipt bool
	Attachment  string // name of its attachment; empty if it has none
	Received    time.Time
	// Stamped means that it carries a stamp; Deliver ignores it.
	Stamped bool
	// Recoverable means that its owner must recover it to see it; Deliver ignores
	// it.
	Recoverable bool
}

// received is when the suite's messages were received.
var received = time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)

func message(id string) Message {
	return Message{MessageID: id, Subject: "You have won", Received: received}
}

// visible returns the messages with that id that are not in Recoverable Items.
func visible(t testing.TB, lab Lab, mailbox, id string) []Message {
	t.Helper()
	var found []Message
	for _, m := range lab.Messages(t, mailbox) {
		if m.MessageID == id && !m.Recoverable {
			found = append(found, m)
		}
	}
	return found
}
