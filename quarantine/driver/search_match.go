package driver

import (
	"strings"
	"time"
	"unicode/utf8"
)

// MayMatch reports whether an item matches as far as is known of every item: its
// subject and time of receipt. A driver that calls it before it reads the
// details of an item does not read those of items that cannot match.
func (c Criteria) MayMatch(it Item) bool {
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
	if cut := utf8.RuneCountInString(subject) >= CutLength; cut && strings.HasPrefix(want, got) {
		return true // the server may have kept no more of it
	}
	switch c.SubjectMatch {
	case SubjectPrefix:
		return strings.HasPrefix(got, want)
	case SubjectContains:
		return strings.Contains(got, want)
	}
	return got == want
}

// foldSubject makes subjects comparable. It lowers the case by way of upper
// case, because some characters have several lower-case forms and one
// upper-case form.
func foldSubject(s string) string {
	return strings.ToLower(strings.ToUpper(strings.Join(strings.Fields(s), " ")))
}
