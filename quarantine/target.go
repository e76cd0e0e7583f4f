package quarantine

import (
	"errors"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
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
	// they have to be allowed: see [exchange.Config.CriteriaSearch].
	Criteria Criteria `json:"criteria,omitzero"`

	// Reason is for the people who read the receipt and the quarantine mailbox:
	// what is wrong with the message. At most [driver.MaxReason] bytes are kept with
	// the item; the receipt has all of it.
	Reason string `json:"reason,omitempty"`
}

// Validate reports whether the target can be searched for. The error is an
// [*InvalidError], or several joined.
func (t Target) Validate() error {
	if err := mailname.CheckAddress(t.Mailbox); err != nil {
		return driver.Invalid("target", "mailbox", err.Error())
	}
	if t.byCriteria() {
		if t.MessageID != "" {
			return driver.Invalid("target", "messageId", "is given as well as criteria; leave out one of them")
		}
		return t.Criteria.Validate()
	}
	if err := checkMessageID(t.MessageID); err != nil {
		return driver.Invalid("target", "messageId", err.Error())
	}
	return nil
}

// byCriteria reports whether the message is described, not named.
func (t Target) byCriteria() bool { return !t.Criteria.IsZero() }

// checkMessageID refuses what no server can be asked for. What is merely
// malformed (spaces, quotes, no @) is searched for as it stands: attackers
// write such ids, and servers keep them.
func checkMessageID(id string) error {
	if driver.BareMessageID(id) == "" {
		return errors.New("is empty; give the value of the Message-ID header, or criteria")
	}
	if len(id) > 4096 {
		return errors.New("is longer than 4096 bytes; search by other criteria")
	}
	return mailname.CheckText(id)
}
