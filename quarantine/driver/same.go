package driver

import (
	"strings"
	"time"
)

// BareMessageID returns a Message-ID without surrounding white space and angle
// brackets.
func BareMessageID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) >= 2 && id[0] == '<' && id[len(id)-1] == '>' {
		id = id[1 : len(id)-1]
	}
	return strings.TrimSpace(id)
}

// SameMessageID reports whether two Message-IDs are the same, ignoring angle
// brackets and surrounding white space. They are case-sensitive (RFC 5322,
// section 3.6.4).
func SameMessageID(a, b string) bool { return BareMessageID(a) == BareMessageID(b) }

// SameTime reports whether two times are the same to the second, which is the
// precision of mail systems.
func SameTime(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }
