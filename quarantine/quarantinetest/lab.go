package quarantinetest

import (
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Lab is a small organisation for a strategy to work on, as seen by its administrator.
// Each is used by one test only; tests run in parallel.
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

// Faulty is a [Lab] whose mail system can lose an answer. Without it, the suite cannot
// see whether a driver repeats a write whose outcome it does not know, and what it
// reports about it: see [driver.Error].
type Faulty interface {
	// Lose breaks the connection once, at the n-th request that the strategy sends from
	// now on, counting from 0. The argument acted means that the mail system has carried
	// out the request by then. The returned function cancels this if it has not happened
	// yet, and reports whether it has.
	Lose(t testing.TB, n int, acted bool) (struck func() bool)
}

// Peopled is a [Lab] with groups, for strategies whose mailboxes are a
// [driver.Directory].
type Peopled interface {
	// AddGroup adds a group to the address book. Members are mailboxes of the lab, groups
	// that have been added, or outside addresses.
	AddGroup(t testing.TB, address string, members ...string)
}

// Forwarding is a [Lab] whose user forwards, for strategies whose mailboxes are a
// [driver.Forwarder].
type Forwarding interface {
	// UserForwards puts into the user's Sent Items a message that forwards the one with
	// that Message-ID, as a mail program would. The new message has a Message-ID of its
	// own, and goes to the given addresses.
	UserForwards(t testing.TB, messageID, as string, to ...string)
}

// Message is a message as shown by a Lab.
type Message struct {
	MessageID string
	Subject   string
	// Folder is the folder of the user's mailbox that contains it: the name of a folder
	// below the Inbox, or empty for the Inbox itself. It has no meaning in the quarantine
	// mailbox.
	Folder string
	Read   bool
	// ReadReceipt means that the sender asks for a read receipt.
	ReadReceipt bool
	Attachment  string // name of its attachment; empty if it has none
	Received    time.Time
	Sender      string // address in From
	Text        string // one line of plain text, without its line ending
	Importance  string // "Low", "Normal" or "High"; empty means Normal
	Category    string // its only category; empty if it has none
	// Header is the value of the internet header [HeaderName]; empty if it has none.
	Header string
	// Stamped means that the message carries a stamp; Deliver ignores it.
	Stamped bool
	// Recoverable means that its owner has to recover the message to see it; Deliver
	// ignores it.
	Recoverable bool
}

// HeaderName is the name of the header that the suite lets strategies set.
const HeaderName = "X-Quarantinetest"

// received is the time at which the suite's messages were received.
var received = time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)

func message(id string) Message {
	return Message{MessageID: id, Subject: "You have won", Received: received, Sender: theSender, Text: "Click here.", Importance: "Normal"}
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
