package quarantine

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Target is a message in a mailbox, named by its Message-ID or, where an alert
// has none that can be used, described by criteria.
type Target struct {
	// Mailbox is the primary SMTP address of the mailbox.
	Mailbox string `json:"mailbox"`

	// MessageID is the value of the Message-ID header, with or without its
	// angle brackets. Every copy of the mailbox that carries it is meant.
	// See RFC 5322, section 3.6.4.
	MessageID string `json:"messageId"`

	// Criteria describe the messages in place of MessageID; every one that
	// matches is meant. What may be found by them is bounded by [Limits], and
	// they have to be allowed: see [Config.MessageIDSearch].
	Criteria Criteria `json:"criteria,omitzero"`

	// Reason is for the people who read the receipt and the quarantine mailbox:
	// what is wrong with the message. At most [MaxReason] bytes are kept with
	// the item; the receipt has all of it.
	Reason string `json:"reason,omitempty"`
}

// MaxReason is how many bytes of [Target].Reason are kept with the item in
// quarantine.
const MaxReason = 96

// ErrInvalid matches an argument or a configuration that cannot be used. The
// error names it and says what to do.
var ErrInvalid = errors.New("quarantine: invalid")

// Validate reports whether the target can be searched for.
func (t Target) Validate() error {
	if err := validAddress(t.Mailbox); err != nil {
		return fmt.Errorf("%w target: mailbox: %w", ErrInvalid, err)
	}
	if t.byCriteria() {
		if t.MessageID != "" {
			return fmt.Errorf("%w target: messageId: is given beside criteria; leave out one of them", ErrInvalid)
		}
		return t.Criteria.Validate()
	}
	if err := validMessageID(t.MessageID); err != nil {
		return fmt.Errorf("%w target: messageId: %w", ErrInvalid, err)
	}
	return nil
}

// byCriteria reports whether the message is described, not named.
func (t Target) byCriteria() bool { return !t.Criteria.IsZero() }

func validAddress(address string) error {
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case address == "":
		return errors.New("is empty; give the primary SMTP address of the mailbox")
	case len(address) > 254:
		return errors.New("is longer than the 254 bytes an address may have")
	case !ok || local == "" || domain == "" || strings.ContainsAny(address, " \t<>,;:\"") || strings.Contains(domain, "@"):
		return fmt.Errorf("%q is no SMTP address; give it as name@example.com", address)
	}
	return printable(address)
}

// validMessageID refuses what no server can be asked for. What is merely
// malformed (spaces, quotes, no @) is searched for as it stands: attackers
// write such ids, and servers keep them.
func validMessageID(id string) error {
	if bareMessageID(id) == "" {
		return errors.New("is empty; give the value of the Message-ID header, or criteria")
	}
	if len(id) > 4096 {
		return errors.New("is longer than 4096 bytes; search by other criteria")
	}
	return printable(id)
}

// printable refuses what XML 1.0 cannot carry, and so no request can hold.
func printable(s string) error {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			return fmt.Errorf("holds bytes that are not UTF-8 at offset %d, which EWS cannot search for; search by other criteria", i)
		}
		if xmlwire.Forbidden(r) {
			return fmt.Errorf("holds the control character %U at offset %d, which EWS cannot search for; search by other criteria", r, i)
		}
	}
	return nil
}

// bareMessageID returns an id without surrounding white space and brackets.
func bareMessageID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) >= 2 && id[0] == '<' && id[len(id)-1] == '>' {
		id = id[1 : len(id)-1]
	}
	return strings.TrimSpace(id)
}

// sameMessageID reports whether two ids are the same, brackets and surrounding
// white space aside. They are case-sensitive (RFC 5322, section 3.6.4).
func sameMessageID(a, b string) bool { return bareMessageID(a) == bareMessageID(b) }
