package driver

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MayMatch reports whether an item may match by what is known of every item: its subject
// and time of receipt. It never rules out a match. By calling it before it reads the
// details of an item, a driver avoids reading the details of items that cannot match.
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

// matchSubject compares what all forms of a text have in common: an accent may be a
// character of its own. The engine compares the rest.
func (c Criteria) matchSubject(subject string) bool {
	if c.Subject == "" {
		return true
	}
	want, got := skeleton(c.Subject), skeleton(subject)
	if utf8.RuneCountInString(subject) >= CutLength && (c.SubjectMatch == SubjectContains || strings.HasPrefix(want, shortened(got))) {
		return true // the rest may have been cut off
	}
	switch c.SubjectMatch {
	case SubjectPrefix:
		return strings.HasPrefix(got, shortened(want))
	case SubjectContains:
		return strings.Contains(got, shortened(want))
	}
	return got == want
}

// skeleton returns the ASCII characters of a text that are the same in all of its
// forms: in lower case, without blanks, and without those that carry a mark, for which
// Unicode may have a character. It converts to lower case by way of upper case,
// because some characters have several lower-case forms and one upper-case form.
func skeleton(s string) string {
	var b strings.Builder
	last := rune(-1)
	flush := func() {
		if last >= 0 {
			b.WriteRune(last)
		}
		last = -1
	}
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			continue
		case unicode.IsMark(r):
			last = -1
			continue
		}
		flush()
		// The Greek question mark and varia may also be written as these.
		if r = unicode.ToLower(unicode.ToUpper(r)); r < utf8.RuneSelf && r != ';' && r != '`' {
			last = r
		}
	}
	flush()
	return b.String()
}

// shortened leaves out the last character, whose mark may have been cut off.
func shortened(s string) string { return s[:max(len(s)-1, 0)] }
