package ewstest

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

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
	match := containments[n.Get("ContainmentMode")](want)
	return func(t T) bool {
		values, ok := g.get(t)
		if !ok {
			return false
		}
		for _, v := range values {
			if match(fold(v)) {
				return true
			}
		}
		return false
	}, nil
}

// containments are the ways to contain a text, by ContainmentMode.
var containments = map[string]func(want string) func(text string) bool{
	"":           equals,
	"FullString": equals,
	"Prefixed": func(want string) func(string) bool {
		return func(text string) bool { return strings.HasPrefix(text, want) }
	},
	"Substring": func(want string) func(string) bool {
		return func(text string) bool { return strings.Contains(text, want) }
	},
	"PrefixOnWords": func(want string) func(string) bool { return wordsBegin(want, false) },
	"ExactPhrase":   func(want string) func(string) bool { return wordsBegin(want, true) },
}

func equals(want string) func(string) bool { return func(text string) bool { return text == want } }

// folding returns a function that maps texts that are equal under a ContainmentComparison
// to the same text. The loose comparisons ignore both case and marks.
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

// unmarked returns a text without accents and other marks that take up no space.
func unmarked(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}

// wordsBegin returns a function that reports whether words of a text begin with want or,
// if whole is set, equal it.
func wordsBegin(want string, whole bool) func(text string) bool {
	if want == "" {
		return func(string) bool { return true }
	}
	find := occurrences(want)
	return func(text string) bool {
		for begin := range find(text) {
			before, _ := utf8.DecodeLastRuneInString(text[:begin])
			after, _ := utf8.DecodeRuneInString(text[begin+len(want):])
			if !isWord(before) && (!whole || !isWord(after)) {
				return true
			}
		}
		return false
	}
}

// occurrences returns the positions of want in a text, including overlapping ones, in
// time proportional to the sum of the two lengths rather than to their product (Knuth,
// Morris and Pratt).
func occurrences(want string) func(text string) iter.Seq[int] {
	shorter := make([]int, len(want)+1) // for each prefix, the longest proper suffix that is a prefix too
	for i, n := 1, 0; i < len(want); i++ {
		for n > 0 && want[i] != want[n] {
			n = shorter[n]
		}
		if want[i] == want[n] {
			n++
		}
		shorter[i+1] = n
	}
	return func(text string) iter.Seq[int] {
		return func(yield func(int) bool) {
			n := 0
			for i := range len(text) {
				for n > 0 && text[i] != want[n] {
					n = shorter[n]
				}
				if text[i] == want[n] {
					n++
				}
				if n == len(want) {
					if !yield(i + 1 - n) {
						return
					}
					n = shorter[n]
				}
			}
		}
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
