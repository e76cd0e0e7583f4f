package quarantine

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
	"github.com/ewsquarantine/ewsquarantine/internal/mailname"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Criteria describe messages whose Message-ID is not known. All that are set
// must hold.
//
// Store restrictions and the message itself decide, never the content index,
// which lags behind. What a server cannot decide is read: first the properties
// of the messages that are left, then the messages themselves, as a stream. A
// message that cannot be read to a decision (it is encrypted, say) is reported
// as unsearched.
type Criteria struct {
	// Sender is the address of the sender or of whom it was sent for: From or
	// Sender.
	Sender string `json:"sender,omitempty"`

	// Recipient is an address among To, Cc and Bcc as the message shows them. Who
	// got a message as a hidden copy, or as a member of a list, is not there.
	Recipient string `json:"recipient,omitempty"`

	// Subject is compared as SubjectMatch says, without regard to case, to blanks
	// around it and to how many stand between words. Exchange keeps 255
	// characters.
	Subject string `json:"subject,omitempty"`

	// SubjectMatch says how. Default: SubjectExact.
	SubjectMatch SubjectMatch `json:"subjectMatch,omitempty"`

	// ReceivedAfter and ReceivedBefore bound when the message was received, to
	// the second: at or after the one, before the other. Zero: no bound.
	ReceivedAfter  time.Time `json:"receivedAfter,omitzero"`
	ReceivedBefore time.Time `json:"receivedBefore,omitzero"`

	// AttachmentName is the whole name of an attachment, without regard to case.
	// Messages that are attached count with theirs.
	AttachmentName string `json:"attachmentName,omitempty"`

	// AttachmentSHA256 is the SHA-256 of the content of an attachment, in
	// hexadecimal. Messages that are attached count with theirs.
	AttachmentSHA256 string `json:"attachmentSHA256,omitempty"`

	// URL is one that the text of the message leads to, or an attached page does.
	// It is recognised in plain text and HTML, whatever their encoding, and as
	// rewritten by the link-protection services whose links can be read
	// (Microsoft, Proofpoint, Barracuda, Cisco, Sophos, Trend Micro and others;
	// Mimecast's name the domain at most). A link to a path below it counts, and
	// so does one with more in its query; a URL without path stands for its host.
	// http and https, ports that go without saying, fragments, percent-encoding
	// and a slash at the end make no difference.
	URL string `json:"url,omitempty"`
}

// Bounds of criteria.
const (
	// MaxCriteriaWindow is how far ReceivedAfter and ReceivedBefore may be apart
	// where neither Sender nor Subject is set, so that all that was received in
	// between has to be read.
	MaxCriteriaWindow = 31 * 24 * time.Hour

	// minSubject is how many letters or digits of a subject must be given that is
	// not the whole. An ideograph or syllable counts twice.
	minSubject = 4

	// maxSubject is the length of a header line, and more than any server keeps.
	maxSubject = 998
)

// IsZero reports whether nothing is set.
func (c Criteria) IsZero() bool { return c == Criteria{} }

// String describes the criteria for people, in one line.
func (c Criteria) String() string {
	var parts []string
	add := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(c.Sender != "", "sender %s", c.Sender)
	add(c.Recipient != "", "recipient %s", c.Recipient)
	add(c.Subject != "", "subject %s %q", cmp.Or(c.SubjectMatch, SubjectExact), c.Subject)
	add(!c.ReceivedAfter.IsZero(), "received from %s on", c.ReceivedAfter.UTC().Format(time.RFC3339))
	add(!c.ReceivedBefore.IsZero(), "received before %s", c.ReceivedBefore.UTC().Format(time.RFC3339))
	add(c.AttachmentName != "", "attachment %q", c.AttachmentName)
	add(c.AttachmentSHA256 != "", "attachment with SHA-256 %s", c.AttachmentSHA256)
	add(c.URL != "", "link to %s", c.URL)
	return strings.Join(parts, ", ")
}

// Validate reports whether the criteria can be searched for. It refuses those
// that would match everything, or nearly, or would have everything read. The
// error joins an [*InvalidError] for each field.
func (c Criteria) Validate() error {
	var errs []error
	check := func(field string, err error) {
		if err != nil {
			errs = append(errs, driver.Invalid("criteria", field, err.Error()))
		}
	}
	if c.Sender != "" {
		check("sender", validCriterionAddress(c.Sender))
	}
	if c.Recipient != "" {
		check("recipient", validCriterionAddress(c.Recipient))
	}
	check("subjectMatch", c.validSubjectMatch())
	check("subject", c.validSubject())
	check("receivedAfter", validMoment(c.ReceivedAfter))
	check("receivedBefore", validMoment(c.ReceivedBefore))
	if !c.ReceivedAfter.IsZero() && !c.ReceivedBefore.IsZero() && !c.ReceivedAfter.Before(c.ReceivedBefore) {
		check("receivedBefore", errors.New("is not later than the other bound: nothing can have been received in between; swap the two"))
	}
	check("attachmentName", validAttachmentName(c.AttachmentName))
	if c.AttachmentSHA256 != "" {
		if b, err := hex.DecodeString(c.AttachmentSHA256); err != nil || len(b) != 32 {
			check("attachmentSHA256", errors.New("is not a SHA-256 digest; give its 64 hexadecimal digits"))
		}
	}
	if c.URL != "" {
		check("url", validURL(c.URL))
	}
	if len(errs) == 0 {
		return c.selective()
	}
	return errors.Join(errs...)
}

// selective refuses criteria that leave everything in.
func (c Criteria) selective() error {
	if c.Sender != "" || c.Subject != "" {
		return nil
	}
	if c.Recipient == "" && c.AttachmentName == "" && c.AttachmentSHA256 == "" && c.URL == "" {
		return driver.Invalid("criteria", "sender", "is not set, nor is anything else that tells messages apart; a time alone would match all of them: "+
			"set at least one criterion besides the time")
	}
	switch {
	case c.ReceivedAfter.IsZero():
		return driver.Invalid("criteria", "receivedAfter", "is missing; "+c.reads())
	case c.ReceivedBefore.IsZero():
		return driver.Invalid("criteria", "receivedBefore", "is missing; "+c.reads())
	case c.ReceivedBefore.Sub(c.ReceivedAfter) > MaxCriteriaWindow:
		return driver.Invalid("criteria", "receivedAfter", fmt.Sprintf("is %.0f days before the other bound; %s", c.ReceivedBefore.Sub(c.ReceivedAfter).Hours()/24, c.reads()))
	}
	return nil
}

func (c Criteria) reads() string {
	return fmt.Sprintf("without sender and subject, every message of that time has to be read: give both bounds of the time, at most %.0f days apart",
		MaxCriteriaWindow.Hours()/24)
}

func (c Criteria) validSubjectMatch() error {
	switch c.SubjectMatch {
	case "", SubjectExact, SubjectPrefix, SubjectContains:
	default:
		return fmt.Errorf(`is %q; give "exact", "prefix" or "contains"`, c.SubjectMatch)
	}
	if c.SubjectMatch != "" && c.Subject == "" {
		return errors.New("is set, but there is no subject; give one, or leave it out")
	}
	return nil
}

func (c Criteria) validSubject() error {
	if c.Subject == "" {
		return nil
	}
	if err := validText(c.Subject); err != nil {
		return err
	}
	if len(c.Subject) > maxSubject {
		return fmt.Errorf("is longer than %d bytes; give its beginning, to be compared as a %s", maxSubject, SubjectPrefix)
	}
	if c.SubjectMatch == SubjectContains && utf8.RuneCountInString(c.Subject) >= driver.CutLength {
		return fmt.Errorf("is longer than the %d characters that Exchange keeps, so nothing contains it; give its beginning, to be compared as a %s", driver.CutLength, SubjectPrefix)
	}
	if len(words(c.Subject)) == 0 {
		return errors.New("is blank; leave it out, or give some of it")
	}
	if (c.SubjectMatch == SubjectPrefix || c.SubjectMatch == SubjectContains) && weight(c.Subject) < minSubject {
		return fmt.Errorf("%q would match too much; give at least %d letters or digits, or the whole subject, to be compared as %s", c.Subject, minSubject, SubjectExact)
	}
	return nil
}

// weight counts what tells a text from others.
func weight(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			n += 2
		case unicode.IsLetter(r), unicode.IsDigit(r):
			n++
		}
	}
	return n
}

// words splits a text at its blanks.
func words(s string) []string { return strings.Fields(s) }

func validCriterionAddress(address string) error {
	if err := mailname.CheckAddress(address); err != nil {
		return err
	}
	return validText(address)
}

func validAttachmentName(name string) error {
	switch {
	case name == "":
		return nil
	case strings.TrimSpace(name) == "":
		return errors.New("is blank; leave it out, or give the whole name")
	case len(name) > maxSubject:
		return fmt.Errorf("is longer than %d bytes; search by other criteria", maxSubject)
	case strings.ContainsAny(name, `*?/\`):
		return fmt.Errorf("%q is not a file name: it is compared as a whole; give the name without folder and wildcards", name)
	}
	return validText(name)
}

func validURL(link string) error {
	if err := validText(link); err != nil {
		return err
	}
	_, err := linkunwrap.NewMatcher(link)
	return err
}

// validText refuses control characters: no field of a message shows them, and
// most cannot be asked for.
func validText(s string) error {
	if err := mailname.CheckText(s); err != nil {
		return err
	}
	for i, r := range s {
		if unicode.IsControl(r) {
			return fmt.Errorf("holds the control character %U at offset %d; leave it out", r, i)
		}
	}
	if !utf8.ValidString(s) {
		return errors.New("is not UTF-8")
	}
	return nil
}

// validMoment refuses times that no server can have received anything at.
func validMoment(t time.Time) error {
	if !t.IsZero() && (t.Year() < 1980 || t.Year() > 9999) {
		return fmt.Errorf("is in the year %d; give a time as 2026-11-24T10:00:00Z", t.Year())
	}
	return nil
}
