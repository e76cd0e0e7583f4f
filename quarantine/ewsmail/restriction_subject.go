package ewsmail

import (
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// maxAsked is how many characters of a subject, not counting blanks, go into the
// restriction: servers may keep only 255, with an unknown number of blanks.
const maxAsked = 32

// subjectRestriction matches the subjects that contain each character of the given one.
// Matching words would miss some: where an encoded word is glued to text or a line is
// folded, blanks may be missing between words or stand inside them. A blank cannot split
// a character. The engine compares the rest.
func subjectRestriction(subject string) (all []ews.Restriction) {
	asked := []rune(norm.NFC.String(subject))
	seen := make(map[rune]bool)
	n := 0
	for i, r := range asked {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		if n++; n > maxAsked {
			break
		}
		marked := i+1 < len(asked) && unicode.IsMark(asked[i+1])
		if r = unicode.ToLower(r); marked || seen[r] || !steady(r) {
			continue
		}
		seen[r] = true
		all = append(all, containing(ews.FieldSubject, string(r)))
	}
	return all
}

// steady reports whether a character has only one spelling, apart from its case.
func steady(r rune) bool {
	switch {
	case unicode.IsMark(r), r > 0xFFFF:
		return false
	case r == 'i', r == ';', r == '`':
		return false // the dotless i has the same upper case, and other marks look like these two
	case norm.NFD.String(string(r)) != string(r):
		return false // has two forms: precomposed, and with a combining mark
	}
	other := unicode.SimpleFold(r)
	return other == r || unicode.SimpleFold(other) == r
}
