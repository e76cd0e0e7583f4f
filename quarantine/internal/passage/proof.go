package passage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Differs describes how a copy differs from the original, or returns "" if it
// is proved. Servers generate MIME again each time, so its bytes prove nothing.
// What every way preserves is identity, class, dates, attachments and, apart
// from what a server adds or drops, size.
func Differs(original, c driver.Item, faithful bool) string {
	if why := identityDiffers(original, c, faithful); why != "" {
		return why
	}
	switch {
	case original.HasAttachments != c.HasAttachments:
		return "either it or the original has no attachments"
	case faithful && subject(original) != subject(c):
		return "its subject differs"
	case c.Size < Smallest(original.Size, 2<<10, faithful):
		return fmt.Sprintf("it is %d bytes long instead of %d", c.Size, original.Size)
	}
	if whole(original) && whole(c) && !sameAttachments(original.Attachments, c.Attachments, faithful) {
		return "its attachments differ in number, name or size"
	}
	return ""
}

// identityDiffers describes how a copy differs from the original in what
// identifies a message and is kept by every way: Message-ID, class and dates.
func identityDiffers(original, c driver.Item, faithful bool) string {
	switch {
	case !driver.SameMessageID(original.MessageID, c.MessageID) && (original.MessageID != "" || faithful):
		// A server may assign one when it makes a new item.
		return "its Message-ID differs"
	case !strings.EqualFold(original.Class, c.Class):
		return fmt.Sprintf("its class is %q instead of %q", c.Class, original.Class)
	case !driver.SameTime(original.Received, c.Received) && (!original.Received.IsZero() || faithful):
		return fmt.Sprintf("it was received %s instead of %s", stampTime(c.Received), stampTime(original.Received))
	case !driver.SameTime(original.Sent, c.Sent):
		return fmt.Sprintf("it was sent %s instead of %s", stampTime(c.Sent), stampTime(original.Sent))
	}
	return ""
}

// Smallest returns the size below which a copy cannot be complete. A server
// includes its own properties in the size, and MIME loses some of them.
func Smallest(size, slack int64, faithful bool) int64 {
	if faithful {
		return size - size/20 - slack
	}
	return size/2 - 2*slack // MIME, or made by an earlier run in an unknown way
}

// subject returns the comparable part of the subject: a longer one may have
// been truncated.
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

// Alike returns a query for items that may be the same message as one with that
// id and time. It returns false if there is neither to search for.
func Alike(messageID string, received time.Time) (q driver.Query, ok bool) {
	if driver.BareMessageID(messageID) != "" {
		return driver.Query{MessageID: messageID}, true
	}
	return driver.Query{Received: received}, !received.IsZero()
}
