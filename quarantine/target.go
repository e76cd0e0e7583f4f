package quarantine

import (
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Target is a message in a mailbox, named by its Message-ID or, if an alert has
// no usable one, described by criteria.
type Target struct {
	// Mailbox is the primary SMTP address of the mailbox.
	Mailbox string `json:"mailbox"`

	// MessageID is the value of the Message-ID header, with or without angle brackets
	// (RFC 5322, section 3.6.4). It means every copy in the mailbox that has this
	// Message-ID, of any kind, including an appointment made from an invitation; over
	// Graph, which shows nothing else as mail, only messages and meeting requests. It is
	// looked for as it stands and, if it was pasted with surrounding text, as it was
	// probably meant: see [driver.MeantMessageID]. A message with nearly the same
	// Message-ID (in a different case of letters, say) is left alone, and named in the
	// receipt; if nothing else is found, it is undecided whether it is meant.
	MessageID string `json:"messageId"`

	// Criteria describes the messages in place of MessageID; it means every
	// message that matches, within [Limits]. It must be enabled by CriteriaSearch
	// in [Options].
	Criteria Criteria `json:"criteria,omitzero"`

	// Reason says what is wrong with the message, for people who read the receipt
	// or the quarantine mailbox. The item keeps at most [driver.MaxReason] bytes
	// of it; the receipt keeps all of it.
	Reason string `json:"reason,omitempty"`

	// Reference is what the caller calls the case, such as the id of an alert: one line
	// of at most [driver.MaxReference] bytes, printable, with no blank at either end. The
	// item keeps it whole, so that [Service.List] shows it. It identifies a repeat: a
	// copy that an earlier run took with the same reference is also [Quarantined], not
	// [AlreadyQuarantined], in the receipt of a later run. Default: none.
	Reference string `json:"reference,omitempty"`
}

// Validate reports whether the target can be searched for. The error is an
// [*InvalidError], or several joined.
func (t Target) Validate() error {
	if err := mailname.CheckAddress(t.Mailbox); err != nil {
		return driver.Invalid("target", "mailbox", err.Error())
	}
	if !driver.ValidReference(t.Reference) {
		return driver.Invalid("target", "reference", fmt.Sprintf("is not one printable line of at most %d bytes without a blank at either end; shorten it, or leave it out", driver.MaxReference))
	}
	if t.byCriteria() {
		if t.MessageID != "" {
			return driver.Invalid("target", "messageId", "is given together with criteria; leave one of them out")
		}
		return t.Criteria.Validate()
	}
	if err := checkMessageID(t.MessageID); err != nil {
		return driver.Invalid("target", "messageId", err.Error())
	}
	return nil
}

// Same reports whether two targets ask for the same messages. The reason and the
// reference do not matter, nor the time zone of a time.
func (t Target) Same(other Target) bool { return t.asked() == other.asked() }

// asked returns the part of the target that says which messages are meant, in a
// normal form.
func (t Target) asked() Target {
	t.Reason, t.Reference = "", ""
	c := &t.Criteria
	c.ReceivedAfter, c.ReceivedBefore = c.ReceivedAfter.UTC(), c.ReceivedBefore.UTC()
	return t
}

// byCriteria reports whether the message is described rather than named.
func (t Target) byCriteria() bool { return !t.Criteria.IsZero() }

// checkMessageID refuses ids that no server can be asked for. Ids that are
// merely malformed (spaces, quotes, no @) are searched for unchanged: attackers
// write such ids, and servers keep them.
func checkMessageID(id string) error {
	if driver.BareMessageID(id) == "" {
		return errors.New("is empty; give the value of the Message-ID header, or criteria")
	}
	if len(driver.MessageIDSpellings(id)) == 0 || driver.MeantMessageID(id) == "" {
		return fmt.Errorf("is %q, in which no id can be seen; give the value of the Message-ID header, or criteria", id)
	}
	if driver.OtherMessage(id) {
		return fmt.Errorf("is %q, which names another message; give the value of the Message-ID header", id)
	}
	if len(id) > 4096 {
		return errors.New("is longer than 4096 bytes; search by criteria instead")
	}
	return mailname.CheckText(id)
}
