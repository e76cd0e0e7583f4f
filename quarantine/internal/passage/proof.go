package passage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Differs says in what a copy is not what it should be, and nothing if it is
// proved. Servers make MIME anew each time, so its bytes prove nothing; what
// every way keeps are identity, class, dates, attachments and, within what a
// server adds or drops, the size.
func Differs(original, c driver.Item, faithful bool) string {
	switch {
	case !driver.SameMessageID(original.MessageID, c.MessageID) && (original.MessageID != "" || faithful):
		// To one without, a server may give one when it makes the item anew.
		return "it has another Message-ID"
	case !strings.EqualFold(original.Class, c.Class):
		return fmt.Sprintf("its class is %q instead of %q", c.Class, original.Class)
	case !driver.SameTime(original.Received, c.Received):
		return fmt.Sprintf("it was received %s instead of %s", stampTime(c.Received), stampTime(original.Received))
	case !driver.SameTime(original.Sent, c.Sent):
		return fmt.Sprintf("it was sent %s instead of %s", stampTime(c.Sent), stampTime(original.Sent))
	case original.HasAttachments != c.HasAttachments:
		return "it has attachments where the original has none, or none where it has some"
	case faithful && subject(original) != subject(c):
		return "it has another subject"
	case c.Size < Smallest(original.Size, 2<<10, faithful):
		return fmt.Sprintf("it is %d bytes long instead of %d", c.Size, original.Size)
	}
	if whole(original) && whole(c) && !sameAttachments(original.Attachments, c.Attachments, faithful) {
		return "its attachments differ in number, name or size"
	}
	return ""
}

// Smallest returns the size below which a copy cannot be whole. A server counts
// its own properties in, and MIME loses some of them.
func Smallest(size, slack int64, faithful bool) int64 {
	if faithful {
		return size - size/20 - slack
	}
	return size/2 - 2*slack // MIME, or made by an earlier run
}

// subject returns what can be compared: longer ones may have been cut.
func subject(it driver.Item) string { return it.Subject[:min(len(it.Subject), 200)] }

func sameAttachments(a, b []driver.Attachment, faithful bool) bool {
	if len(a) != len(b) {
		return false
	}
	order := func(x, y driver.Attachment) int {
		if c := strings.Compare(x.Name, y.Name); c != 0 {
			return c
		}
		return int(x.Size - y.Size)
	}
	a, b = slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order)
	for i := range a {
		if a[i].Name != b[i].Name || b[i].Size < Smallest(a[i].Size, 512, faithful) {
			return false
		}
	}
	return true
}

// whole reports whether the attachments of an item are known.
func whole(it driver.Item) bool { return !it.HasAttachments || len(it.Attachments) > 0 }

func stampTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

// Alike returns the query for items that may be the same message as one of that
// id and time. It reports whether there is anything to ask for.
func Alike(messageID string, received time.Time) (q driver.Query, ok bool) {
	if driver.BareMessageID(messageID) != "" {
		return driver.Query{MessageID: messageID}, true
	}
	return driver.Query{Received: received}, !received.IsZero()
}
