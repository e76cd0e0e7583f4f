package ewstest

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// contains looks for a text in a property.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/contains.
func contains[T any](g getter[T], n *ewsschema.Node) (func(T) bool, *refusal) {
	if g.kind != ews.TypeString && g.kind != ews.TypeStringArray {
		return nil, refuse("ErrorContainsFilterWrongType")
	}
	fold := folding(n.Get("ContainmentComparison"))
	want := fold(n.Child("Constant").Get("Value"))
	match := containments[n.Get("ContainmentMode")]
	return func(t T) bool {
		values, ok := g.get(t)
		if !ok {
			return false
		}
		for _, v := range values {
			if match(fold(v), want) {
				return true
			}
		}
		return false
	}, nil
}

// containments are the ways to contain a text, by ContainmentMode.
var containments = map[string]func(text, want string) bool{
	"":              func(text, want string) bool { return text == want },
	"FullString":    func(text, want string) bool { return text == want },
	"Prefixed":      strings.HasPrefix,
	"Substring":     strings.Contains,
	"PrefixOnWords": func(text, want string) bool { return wordsBegin(text, want, false) },
	"ExactPhrase":   func(text, want string) bool { return wordsBegin(text, want, true) },
}

// folding returns how to write texts that are equal in a ContainmentComparison. The
// loose ones ignore both case and marks.
func folding(comparison string) func(string) string {
	loose := strings.HasPrefix(comparison, "Loose")
	ignoresCase := loose || strings.HasPrefix(comparison, "IgnoreCase")
	ignoresMarks := loose || strings.Contains(comparison, "NonSpac")
	return func(s string) string {
		if ignoresMarks {
			s = unmarked(s)
		}
		if ignoresCase {
			s = mailstore.Fold(s) // as comparisons do
		}
		return s
	}
}

// unmarked returns a text without accents and other marks that take no space.
func unmarked(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

// wordsBegin reports whether words of a text begin with what is wanted or, if whole,
// are what is wanted.
func wordsBegin(text, want string, whole bool) bool {
	if want == "" {
		return true
	}
	inWord := false
	for i, r := range text {
		if !inWord && strings.HasPrefix(text[i:], want) {
			after := strings.IndexFunc(text[i+len(want):], isWord)
			if !whole || after != 0 {
				return true
			}
		}
		inWord = isWord(r)
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
