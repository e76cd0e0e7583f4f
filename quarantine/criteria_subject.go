package quarantine

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/ewsquarantine/ewsquarantine/internal/headerscan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// matchSubject compares the subject of a message as a search returns it: it may have
// been cut. [driver.Criteria.MayMatch] has already made a rough comparison.
func (c Criteria) matchSubject(subject string) matching {
	if c.Subject == "" {
		return matchYes
	}
	want, got := foldSubject(c.Subject), foldSubject(subject)
	cut := utf8.RuneCountInString(subject) >= driver.CutLength
	switch {
	case c.SubjectMatch == SubjectPrefix && strings.HasPrefix(got, want), c.SubjectMatch == SubjectContains && strings.Contains(got, want), !cut && got == want:
		return matchYes
	case cut && (c.SubjectMatch == SubjectContains || begins(want, got)):
		return matchUnsure // senders put blanks before what tells messages apart
	}
	return matchNo
}

// begins reports whether a text begins with one that was cut off, perhaps before the
// accent of its last character.
func begins(text, cut string) bool {
	_, last := utf8.DecodeLastRuneInString(cut)
	return strings.HasPrefix(text, cut[:len(cut)-last])
}

// errCut is returned for a message if the mail system keeps too little of its subject.
var errCut = errors.New("the server keeps only the beginning of its subject")

// wholeSubject compares the subject in the header of a message if a search
// returned too little of it.
func (s *sifter) wholeSubject(ctx context.Context, m driver.Candidate) (matching, error) {
	fields := headerscan.Fields(m.Header, "Subject")
	if len(fields) == 0 {
		message, err := s.searcher.Open(ctx, m.Item)
		if err != nil {
			return matchNo, err
		}
		defer message.Close()
		header, err := readHeader(message)
		if err != nil {
			return matchNo, err
		}
		fields = headerscan.Fields(header, "Subject")
	}
	c := s.criteria
	kept := foldSubject(m.Item.Subject)
	whole := ""
	for _, f := range fields {
		if text := foldSubject(headerscan.Text(f)); len(text) > len(whole) && begins(text, kept) {
			whole = text
		}
	}
	want := foldSubject(c.Subject)
	switch {
	case c.SubjectMatch == SubjectPrefix && strings.HasPrefix(whole, want), c.SubjectMatch == SubjectContains && strings.Contains(whole, want), whole == want:
		return matchYes, nil
	case len(whole) > len(kept):
		return matchNo, nil
	case c.SubjectMatch == SubjectContains:
		return matchUnsure, errCut
	}
	return matchYes, nil // all that is kept of it agrees
}

// plainSubject returns the wanted subject, decoded if it was copied from a header
// with encoded words: mail systems keep subjects decoded.
func plainSubject(asked string) string {
	if strings.Contains(asked, "=?") && strings.Contains(asked, "?=") {
		return headerscan.Text(asked)
	}
	return asked
}

// foldSubject makes subjects comparable. It leaves out blanks, because programs disagree
// about those next to encoded words (RFC 2047, section 6.2) and at folds, and it leaves
// out what cannot be seen. It converts to lower case by way of upper case, because some
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
