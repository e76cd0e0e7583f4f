package quarantinetest

import (
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Lab is a small organisation that a strategy works on, as its administrator
// sees it. Each is used by one test only, and the tests run in parallel.
type Lab interface {
	// Strategy returns the strategy under test.
	Strategy() driver.Strategy

	// User and Quarantine are the addresses of two mailboxes, both empty.
	User() string
	Quarantine() string

	// Deliver puts a message into the user's mailbox.
	Deliver(t testing.TB, m Message)

	// Messages returns all messages of a mailbox that its owner sees, or could
	// recover, in any order.
	Messages(t testing.TB, mailbox string) []Message

	// UserMoves moves every message of the user's mailbox with that Message-ID
	// into the Inbox folder of that name, creating it if need be, as the user
	// would: ids may change.
	UserMoves(t testing.TB, messageID, folder string)

	// DeleteFolder deletes an Inbox folder of the user's mailbox for good.
	DeleteFolder(t testing.TB, folder string)

	// Notices returns how many messages, receipts or notices have reached
	// anybody because of what the strategy did.
	Notices(t testing.TB) int
}

// Message is a message as a Lab shows it.
type Message struct {
	MessageID string
	Subject   string
	// Folder is where in the user's mailbox it is: empty for the Inbox, else the
	// name of a folder below it. In the quarantine mailbox it has no meaning.
	Folder string
	Read   bool
	// ReadReceipt says that the sender asks to be told when it is read.
	ReadReceipt bool
	Attachment  string // the name of its attachment; empty: none
	Received    time.Time
	// Stamped says that it carries a stamp; Deliver ignores it.
	Stamped bool
	// Recoverable says that its owner has to recover it to see it; Deliver
	// ignores it.
	Recoverable bool
}

// received is when the messages of the suite were received.
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
