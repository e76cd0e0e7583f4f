package driver

import (
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A sender may write a Message-ID that is none (RFC 5322, section 3.6.4), servers keep
// it as it stands, and alerts quote it with what stood around it. So an id is looked
// for as it was asked for, and as it was probably meant.

// BareMessageID returns a Message-ID without surrounding white space and angle
// brackets.
func BareMessageID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) >= 2 && id[0] == '<' && id[len(id)-1] == '>' {
		id = id[1 : len(id)-1]
	}
	return strings.TrimSpace(id)
}

// SameMessageID reports whether two Message-IDs are the same, ignoring angle
// brackets and surrounding white space. They are case-sensitive (RFC 5322,
// section 3.6.4).
func SameMessageID(a, b string) bool { return BareMessageID(a) == BareMessageID(b) }

// MeantMessageID returns the id that was probably meant by what someone has asked
// for, without angle brackets: without the name of the header, quotes, a semicolon
// behind, escapes of HTML and URLs, a missing bracket, and characters that cannot be
// seen. It is empty if nothing is left.
func MeantMessageID(asked string) string {
	id := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, asked)
	if plain := html.UnescapeString(id); isText(plain) {
		id = plain
	}
	if lower := strings.ToLower(id); strings.Contains(lower, "%3c") || strings.Contains(lower, "%3e") || strings.Contains(lower, "%40") {
		if plain, err := url.PathUnescape(id); err == nil && isText(plain) {
			id = plain
		}
	}
	id = strings.TrimSpace(id)
	if name, value, ok := strings.Cut(id, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "Message-ID") {
		id = strings.TrimSpace(value)
	}
	for {
		before := id
		id = strings.TrimSpace(strings.TrimRight(id, ";, \t"))
		for _, q := range []string{`""`, `''`, "``", "“”", "‘’", "«»", "„“", "()", "[]"} {
			r := []rune(q)
			if inner, ok := strings.CutPrefix(id, string(r[0])); ok {
				if inner, ok = strings.CutSuffix(inner, string(r[1])); ok {
					id = inner
				}
			}
		}
		if id = withoutBrackets(id); id == before {
			return id
		}
	}
}

// isText reports whether what was unescaped may stand in a field, so that it may have
// been escaped.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(strings.TrimSpace(s), unicode.IsControl)
}

// withoutBrackets returns an id without angle brackets around it, of which one may be
// missing, and without the white space inside them. What has others inside stays.
func withoutBrackets(id string) string {
	id = strings.TrimSpace(id)
	inner := strings.TrimSpace(strings.TrimRight(strings.TrimLeft(id, "<"), ">"))
	if strings.ContainsAny(inner, "<>") {
		return id
	}
	return inner
}

// MessageIDSpellings returns how the header of a message that is meant by an id may
// read: as asked, with and without brackets, and with what senders get wrong about
// them. They are distinct; the first is the usual one.
func MessageIDSpellings(asked string) []string {
	var all []string
	seen := make(map[string]bool)
	add := func(ids ...string) {
		for _, id := range ids {
			if !seen[id] && strings.Trim(id, "<> ") != "" {
				seen[id] = true
				all = append(all, id)
			}
		}
	}
	bare, meant := BareMessageID(asked), MeantMessageID(asked)
	add("<"+bare+">", bare, strings.TrimSpace(asked))
	if meant != "" {
		add("<"+meant+">", meant, "< "+meant+" >", "<"+meant+" >", "< "+meant+">", "<"+meant, meant+">", "<<"+meant+">>")
	}
	return all
}

// MeansMessageID reports whether the id of a message is one that is meant by what
// someone has asked for.
func MeansMessageID(asked, id string) bool {
	return meansMessageID(asked, id, func(a, b string) bool { return a == b })
}

// NearMessageID reports whether an id differs from what someone has asked for only in
// the case of letters. It is another message, strictly speaking.
func NearMessageID(asked, id string) bool {
	return !MeansMessageID(asked, id) && meansMessageID(asked, id, strings.EqualFold)
}

func meansMessageID(asked, id string, same func(a, b string) bool) bool {
	bare := withoutBrackets(id)
	if bare == "" {
		return false
	}
	for _, want := range []string{withoutBrackets(asked), MeantMessageID(asked)} {
		if want == "" {
			continue
		}
		if same(want, bare) {
			return true
		}
		// Behind the id may stand what a server on the way has added.
		if end := len(want) + 2; len(id) > end && same(id[:end], "<"+want+">") && !strings.ContainsAny(id[end:], "<>") {
			return true
		}
	}
	return false
}
