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

// Criteria describes messages whose Message-ID is not known. All fields that
// are set must match.
//
// Matching relies on stored properties and on the message itself, never on a
// content index, which lags behind. Where the server cannot decide, messages are
// read: first the properties and headers of the remaining ones, many at a time,
// then the messages themselves, as a stream. A message that cannot be decided on
// (because it is encrypted, say) is reported as unsearched, and so is the rest of a
// mailbox in which more would have to be read than [Limits] allow.
//
// Messages are what people send to each other, such as mail, invitations, delivery
// reports and posts, and anything else that has been received, because a sender can
// choose the class of an item. An appointment that a server made from an invitation
// counts as a message if it has the invitation's Message-ID. The owner's own
// appointments, contacts, tasks, notes and journal entries do not.
type Criteria struct {
	// Sender is an address that a person would read in the From or Sender header field
	// (each of several, and one within a name or a comment), or the envelope sender,
	// which the receiving server writes into Return-Path. Servers keep less than that,
	// so the header of every message received in the given time is read or, if a
	// subject is given, of every one that has it. That takes about 150 requests for
	// 10,000 messages; in a large mailbox, give a time.
	Sender string `json:"sender,omitempty"`

	// Recipient is an address in To, Cc or Bcc, as the message shows them; it is read
	// like Sender. Hidden recipients and members of a distribution list do not match.
	Recipient string `json:"recipient,omitempty"`

	// ReplyTo is an address in Reply-To; it is read like Sender. A sender can forge every
	// other address, but replies have to arrive.
	ReplyTo string `json:"replyTo,omitempty"`

	// Subject is compared as SubjectMatch says, ignoring case and white space,
	// including blanks that mail systems add or drop between words. A search of
	// Exchange returns 255 characters; if a longer subject may match, its header is
	// read. If the server keeps no more than that, Subject matches if it begins with
	// what is kept; with SubjectContains, the message is undecided.
	Subject string `json:"subject,omitempty"`

	// SubjectMatch is how Subject is compared. Default: SubjectExact.
	SubjectMatch SubjectMatch `json:"subjectMatch,omitempty"`

	// ReceivedAfter and ReceivedBefore bound the time of receipt, to the second:
	// ReceivedAfter is inclusive, ReceivedBefore exclusive. Zero: no bound.
	ReceivedAfter  time.Time `json:"receivedAfter,omitzero"`
	ReceivedBefore time.Time `json:"receivedBefore,omitzero"`

	// AttachmentName is the whole name of an attachment, ignoring case, Unicode form
	// (composed or not), the kind and number of blanks, surrounding quotation marks, and
	// dots and other punctuation at its end. If a name contains folders, its last element
	// counts as well. Attachments of attached messages count, too, and so do files that
	// are uuencoded within the text or base64-encoded within a calendar. If an attachment
	// has several names, as in defective headers, all of them count.
	AttachmentName string `json:"attachmentName,omitempty"`

	// AttachmentSHA256 is the SHA-256 of the content of an attachment, in
	// hexadecimal. It applies to the same attachments as AttachmentName.
	AttachmentSHA256 string `json:"attachmentSHA256,omitempty"`

	// URL is a link in the text of the message or in an attached page, style sheet,
	// calendar, shortcut or other text. It is recognised in plain text and HTML in any
	// encoding, in every form that browsers understand (https://url.spec.whatwg.org), and
	// as rewritten by link-protection services whose links can be decoded (Microsoft,
	// Proofpoint, Barracuda, Cisco, Sophos, Trend Micro and others). Links to a path below
	// it match, and so do links with more in their query; a URL without a path matches its
	// whole host, even where a text has only the bare host name, which many mail programs
	// turn into a link. http and https, default ports, fragments, percent-encoding and a
	// trailing slash make no difference.
	//
	// It may be written in a form that nobody can follow (hxxps://evil[.]example/a),
	// without its scheme, or with surrounding text; the Notes of the receipt describe
	// how it was understood. The links of some services (Mimecast, INKY) show only the
	// domain of their target: given as URL, such a link stands for that domain; in a
	// message, it makes the message undecided if URL has that domain and a path.
	URL string `json:"url,omitempty"`
}

// Bounds of criteria.
const (
	// MaxCriteriaWindow is how far apart ReceivedAfter and ReceivedBefore may be
	// if neither Sender nor Subject is set, because then every message received in
	// between must be read.
	MaxCriteriaWindow = 31 * 24 * time.Hour

	// minSubject is the minimum number of letters or digits in a partial subject.
	// An ideograph or syllable counts twice.
	minSubject = 4

	// maxSubject is the length of a header line in bytes, more than any server
	// keeps.
	maxSubject = 998
)

// IsZero reports whether no field is set.
func (c Criteria) IsZero() bool { return c == Criteria{} }

// String describes the criteria for people, on one line.
func (c Criteria) String() string {
	var parts []string
	add := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(c.Sender != "", "sender %s", c.Sender)
	add(c.Recipient != "", "recipient %s", c.Recipient)
	add(c.ReplyTo != "", "answers to %s", c.ReplyTo)
	add(c.Subject != "", "subject %s %q", cmp.Or(c.SubjectMatch, SubjectExact), c.Subject)
	add(!c.ReceivedAfter.IsZero(), "received from %s on", c.ReceivedAfter.UTC().Format(time.RFC3339))
	add(!c.ReceivedBefore.IsZero(), "received before %s", c.ReceivedBefore.UTC().Format(time.RFC3339))
	add(c.AttachmentName != "", "attachment %q", c.AttachmentName)
	add(c.AttachmentSHA256 != "", "attachment with SHA-256 %s", c.AttachmentSHA256)
	add(c.URL != "", "link to %s", c.URL)
	return strings.Join(parts, ", ")
}

// Validate reports whether the criteria can be searched for. It refuses
// criteria that match everything or nearly everything, or that need every
// message to be read. The error joins an [*InvalidError] for each invalid
// field.
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
	if c.ReplyTo != "" {
		check("replyTo", validCriterionAddress(c.ReplyTo))
	}
	check("subjectMatch", c.validSubjectMatch())
	check("subject", c.validSubject())
	check("receivedAfter", validMoment(c.ReceivedAfter))
	check("receivedBefore", validMoment(c.ReceivedBefore))
	if !c.ReceivedAfter.IsZero() && !c.ReceivedBefore.IsZero() && !c.ReceivedAfter.Before(c.ReceivedBefore) {
		check("receivedBefore", errors.New("is not later than the other bound, so nothing can match; swap the two"))
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

// selective refuses criteria that narrow the search too little.
func (c Criteria) selective() error {
	if c.Sender != "" || c.Subject != "" {
		return nil
	}
	if c.Recipient == "" && c.ReplyTo == "" && c.AttachmentName == "" && c.AttachmentSHA256 == "" && c.URL == "" {
		return driver.Invalid("criteria", "sender", "is not set, nor is anything else that tells messages apart; a time alone would match all of them: "+
			"set at least one more criterion")
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
	return fmt.Sprintf("without sender and subject, every message received in that time must be read: give both bounds, at most %.0f days apart",
		MaxCriteriaWindow.Hours()/24)
}

func (c Criteria) validSubjectMatch() error {
	switch c.SubjectMatch {
	case "", SubjectExact, SubjectPrefix, SubjectContains:
	default:
		return fmt.Errorf(`is %q; give "exact", "prefix" or "contains"`, c.SubjectMatch)
	}
	if c.SubjectMatch != "" && c.Subject == "" {
		return errors.New("is set without a subject; give one, or leave it out")
	}
	return nil
}

func (c Criteria) validSubject() error {
	if c.Subject == "" {
		return nil
	}
	blanks := strings.NewReplacer("\t", " ", "\r", " ", "\n", " ") // from a folded header
	if err := validText(blanks.Replace(c.Subject)); err != nil {
		return err
	}
	if len(c.Subject) > maxSubject {
		return fmt.Errorf("is longer than %d bytes; give its beginning and compare it as a %s", maxSubject, SubjectPrefix)
	}
	if c.SubjectMatch == SubjectContains && utf8.RuneCountInString(c.Subject) >= driver.CutLength {
		return fmt.Errorf("is too long to be part of a subject, which may be truncated at %d characters; give its beginning and compare it as a %s", driver.CutLength, SubjectPrefix)
	}
	if len(words(c.Subject)) == 0 {
		return errors.New("is blank; leave it out or give some text")
	}
	if (c.SubjectMatch == SubjectPrefix || c.SubjectMatch == SubjectContains) && weight(c.Subject) < minSubject {
		return fmt.Errorf("%q would match too much; give at least %d letters or digits, or the whole subject for an exact match", c.Subject, minSubject)
	}
	return nil
}

// weight returns how many distinguishing characters a text has.
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

// words splits a text at white space.
func words(s string) []string { return strings.Fields(s) }

func validCriterionAddress(address string) error {
	if err := mailname.CheckParty(address); err != nil {
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
		return fmt.Errorf("%q is not a file name; give the whole name, without folders or wildcards", name)
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
// most cannot be searched for.
func validText(s string) error {
	if err := mailname.CheckText(s); err != nil {
		return err
	}
	for i, r := range s {
		if unicode.IsControl(r) {
			return fmt.Errorf("contains the control character %U at offset %d; leave it out", r, i)
		}
	}
	if !utf8.ValidString(s) {
		return errors.New("is not valid UTF-8")
	}
	return nil
}

// validMoment refuses times at which no server can have received anything.
func validMoment(t time.Time) error {
	if !t.IsZero() && (t.Year() < 1980 || t.Year() > 9999) {
		return fmt.Errorf("is in the year %d; give a time such as 2026-11-24T10:00:00Z", t.Year())
	}
	return nil
}
