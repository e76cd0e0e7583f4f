package driver

import (
	"slices"
	"strings"
	"unicode"
)

// NearMessageID reports whether an id differs from what someone has asked for only in
// what programs change when they show an id or pass it on (the case of letters, white
// space, quotes, comments, the form of an international domain), or contains it alongside
// something else, such as another id. Strictly speaking, it belongs to another message.
func NearMessageID(asked, id string) bool {
	if asked == "" || MeansMessageID(asked, id) {
		return false
	}
	return meansMessageID(asked, id, strings.EqualFold) || hasWord(id, MeantMessageID(asked)) || readsAlike(MeantMessageID(asked), MeantMessageID(id))
}

// MessageIDPieces returns parts that an id has however it is written, for a substring
// search: the longest ones, at most four. The id is cut where white space, quotes and
// comments may stand, and where a line may be broken within a long word.
func MessageIDPieces(id string) []string {
	pieces := strings.FieldsFunc(id, func(r rune) bool {
		return r == '.' || r == '@' || strings.ContainsRune(aroundID, r) || r == '\\' || unicode.IsSpace(r)
	})
	pieces = slices.DeleteFunc(pieces, func(p string) bool { return len(p) < 3 || otherForms(p) })
	if len(pieces) == 0 {
		return []string{id}
	}
	slices.SortStableFunc(pieces, func(a, b string) int { return len(b) - len(a) })
	pieces = pieces[:min(len(pieces), 4)]
	for i, p := range pieces {
		pieces[i] = p[:min(len(p), maxPiece)]
	}
	return pieces
}

// maxPiece is how much of a word is searched for: if a line is broken within the
// word, it is broken after that.
const maxPiece = 60

// otherForms reports whether a word has letters that may be written in other ways:
// those of an international domain as xn--, others composed or not.
func otherForms(word string) bool { return isPunycode(word) || !isASCII(word) }

func isPunycode(label string) bool { return len(label) >= 4 && strings.EqualFold(label[:4], "xn--") }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// readsAlike reports whether two ids are the same without white space, quotes and
// comments. The standard library cannot tell whether two forms of an international
// domain are the same domain; they are taken to be.
func readsAlike(a, b string) bool {
	if isPlainID(a) && isPlainID(b) {
		return strings.EqualFold(a, b)
	}
	a, b = bareLetters(a), bareLetters(b)
	if a == "" || a == b {
		return a != ""
	}
	local, domain, ok := strings.Cut(a, "@")
	local2, domain2, ok2 := strings.Cut(b, "@")
	labels, labels2 := strings.Split(domain, "."), strings.Split(domain2, ".")
	if !ok || !ok2 || local != local2 || len(labels) != len(labels2) {
		return false
	}
	for i, l := range labels {
		other := labels2[i]
		if l != other && !(isPunycode(l) && !isASCII(other)) && !(isPunycode(other) && !isASCII(l)) {
			return false
		}
	}
	return true
}

// bareLetters returns an id in lower case without white space, quotes, comments and
// invisible characters.
func bareLetters(id string) string {
	depth := 0
	closed := strings.Count(id, "(") == strings.Count(id, ")")
	return strings.TrimRight(strings.Map(func(r rune) rune {
		switch {
		case r == '(' && closed:
			depth++
			return -1
		case r == ')' && closed:
			depth--
			return -1
		case depth > 0, r == '"', r == '\\', unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return unicode.ToLower(r)
	}, id), ".")
}

// hasWord reports whether a text contains an id that is not part of a longer one.
func hasWord(text, id string) bool {
	text, id = strings.ToLower(text), strings.ToLower(id)
	if !strings.Contains(id, "@") {
		return false
	}
	for at := 0; ; {
		i := strings.Index(text[at:], id)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(id)
		if strings.TrimRight(text[:begin], aroundID) != text[:begin] || begin == 0 {
			if strings.TrimLeft(text[end:], aroundID) != text[end:] || end == len(text) {
				return true
			}
		}
		at = begin + 1
	}
}

// aroundID are characters that an id can contain only within quotes (RFC 5322,
// section 3.2.3).
const aroundID = "<>()[]\"',;: \t\r\n"
