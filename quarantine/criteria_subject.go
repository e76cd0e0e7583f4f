package quarantine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// matchSubject compares the subject of a message. [driver.Criteria.MayMatch] has done
// so roughly.
func (c Criteria) matchSubject(subject string) bool {
	if c.Subject == "" {
		return true
	}
	want, got := foldSubject(c.Subject), foldSubject(subject)
	if utf8.RuneCountInString(subject) >= driver.CutLength {
		_, last := utf8.DecodeLastRuneInString(got) // its accent may have been cut off
		if strings.HasPrefix(want, got[:len(got)-last]) {
			return true // the server may have kept no more of it
		}
	}
	switch c.SubjectMatch {
	case SubjectPrefix:
		return strings.HasPrefix(got, want)
	case SubjectContains:
		return strings.Contains(got, want)
	}
	return got == want
}

// foldSubject makes subjects comparable. It leaves out blanks, because programs
// disagree about those beside encoded words (RFC 2047, section 6.2) and at folds, and
// what cannot be seen. It lowers the case by way of upper case, because some
// characters have several lower-case forms and one upper-case form.
func foldSubject(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, norm.NFC.String(s))
	return norm.NFC.String(s)
}
