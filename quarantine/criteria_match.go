package quarantine

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// matchFound checks what every item tells: its subject and when it was received.
func (c Criteria) matchFound(it driver.Item) bool {
	return c.matchReceived(it.Received) && c.matchSubject(it.Subject)
}

func (c Criteria) matchReceived(t time.Time) bool {
	if t.IsZero() {
		return c.ReceivedAfter.IsZero() && c.ReceivedBefore.IsZero()
	}
	return (c.ReceivedAfter.IsZero() || !t.Before(c.ReceivedAfter.Truncate(time.Second))) &&
		(c.ReceivedBefore.IsZero() || t.Before(c.ReceivedBefore))
}

func (c Criteria) matchSubject(subject string) bool {
	if c.Subject == "" {
		return true
	}
	want, got := foldSubject(c.Subject), foldSubject(subject)
	if cut := utf8.RuneCountInString(subject) >= driver.CutLength; cut && strings.HasPrefix(want, got) {
		return true // the server keeps no more of it
	}
	switch c.SubjectMatch {
	case SubjectPrefix:
		return strings.HasPrefix(got, want)
	case SubjectContains:
		return strings.Contains(got, want)
	}
	return got == want
}

// foldSubject makes subjects comparable. To lower case by way of upper case, as
// characters have several of one and the same of the other.
func foldSubject(s string) string {
	return strings.ToLower(strings.ToUpper(strings.Join(words(s), " ")))
}

// examines reports whether more of a message has to be read than every item
// tells.
func (c Criteria) examines() bool {
	return c.Sender != "" || c.Recipient != "" || c.AttachmentName != "" || c.AttachmentSHA256 != "" || c.URL != ""
}

// matching is what is known of whether a message matches.
type matching int

const (
	matchNo     matching = iota
	matchYes             // as far as it was looked
	matchUnsure          // what was looked at does not tell
)

// matchDetails checks addresses, and whether there is an attachment at all that
// may be the one. Whether it is, and all the rest, matchMIME tells.
func (c Criteria) matchDetails(m driver.Candidate) matching {
	v := matchYes
	if c.Sender != "" {
		v = worse(v, among(c.Sender, m.Senders))
	}
	if c.Recipient != "" {
		v = worse(v, among(c.Recipient, m.Recipients))
	}
	hidden := hidesAttachments(m.Item)
	if c.AttachmentSHA256 != "" && len(m.Item.Attachments) == 0 && !hidden {
		v = matchNo
	}
	if c.AttachmentName != "" && !hidden && !c.nameAmong(m.Item.Attachments) {
		v = matchNo
	}
	return v
}

// worse returns what is known of two things that must both hold.
func worse(a, b matching) matching {
	switch {
	case a == matchNo || b == matchNo:
		return matchNo
	case a == matchUnsure || b == matchUnsure:
		return matchUnsure
	}
	return matchYes
}

// among looks for an address among those of some people. People of whom no SMTP
// address is known may be the one.
func among(want string, people []driver.Party) matching {
	v := matchNo
	for _, who := range people {
		known, named := false, false
		for _, a := range who.Addresses {
			a = strings.TrimSpace(a)
			if strings.EqualFold(a, want) {
				return matchYes
			}
			named = named || a != ""
			known = known || strings.Contains(a, "@")
		}
		if named && !known {
			v = matchUnsure
		}
	}
	return v
}

// hidesAttachments reports whether a message may have attachments that the
// server does not list: in messages that are attached, or within a signature.
func hidesAttachments(it driver.Item) bool {
	return strings.Contains(strings.ToUpper(it.Class), ".SMIME") || slices.ContainsFunc(it.Attachments, func(a driver.Attachment) bool {
		return a.Message || strings.EqualFold(a.Name, "smime.p7m")
	})
}

func (c Criteria) nameAmong(attachments []driver.Attachment) bool {
	return slices.ContainsFunc(attachments, func(a driver.Attachment) bool { return c.matchAttachmentName(a.Name) })
}

func (c Criteria) matchAttachmentName(name string) bool {
	return strings.EqualFold(strings.TrimSpace(name), strings.TrimSpace(c.AttachmentName))
}
