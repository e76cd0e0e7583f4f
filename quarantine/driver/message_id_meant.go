package driver

import (
	"html"
	"mime"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MeantMessageID returns the id that was probably meant by what someone has asked for. It
// is without angle brackets (even if one is missing), the name of the header, quotes and
// surrounding punctuation, escapes of HTML, URLs and JSON, invisible characters, blanks
// next to @ and dots, and the brackets around dots that keep people from following links.
// A text with several ids stays as it is, and so does one that names another message
// (In-Reply-To, References). The result is empty if nothing is left.
func MeantMessageID(asked string) string {
	if bare := BareMessageID(asked); isPlainID(bare) {
		return bare
	}
	id := unescapedID(asked)
	if OtherMessage(id) {
		return id
	}
	switch opened, closed := strings.Count(id, "<"), strings.Count(id, ">"); {
	case opened == 1 && closed == 1 && strings.Index(id, "<") < strings.Index(id, ">"):
		_, inner, _ := strings.Cut(id, "<")
		inner, _, _ = strings.Cut(inner, ">")
		if strings.TrimSpace(inner) != "" {
			id = inner
		}
	case opened == 1 && closed == 0:
		if before, inner, _ := strings.Cut(id, "<"); isLabel(before) {
			id = inner
		}
	}
	return tidyID(withoutLabel(id))
}

// isPlainID reports whether an id consists of characters that mean only themselves, as
// nearly all do. It matters because a search compares each id that it finds with each
// that is looked for.
func isPlainID(id string) bool {
	at := 0
	for i := range len(id) {
		switch c := id[i]; {
		case c == '@':
			at++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_', c == '+', c == '$':
		default:
			return false
		}
	}
	return at == 1 && id[len(id)-1] != '.'
}

// OtherMessage reports whether what someone has asked for is a header field that
// names a message other than the one that contains it.
func OtherMessage(asked string) bool {
	name, _, ok := strings.Cut(asked, ":")
	name = strings.TrimSpace(name)
	return ok && (strings.EqualFold(name, "In-Reply-To") || strings.EqualFold(name, "References"))
}

// unescapedID undoes what programs do to an id when they show it, and leaves out
// invisible characters.
func unescapedID(asked string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case strings.ContainsRune("\uff1c\u2039\u27e8\u3008", r):
			return '<'
		case strings.ContainsRune("\uff1e\u203a\u27e9\u3009", r):
			return '>'
		}
		return r
	}, asked)
	for range 3 { // it may be escaped more than once
		before := id
		if plain := html.UnescapeString(id); isText(plain) {
			id = plain
		}
		if lower := strings.ToLower(id); strings.Contains(lower, "%3c") || strings.Contains(lower, "%3e") || strings.Contains(lower, "%40") || strings.Contains(lower, "%25") {
			if plain, err := url.PathUnescape(id); err == nil && isText(plain) {
				id = plain
			}
		}
		if id == before {
			break
		}
	}
	if strings.Contains(id, "=?") {
		if plain, err := new(mime.WordDecoder).DecodeHeader(id); err == nil && isText(plain) {
			id = plain // RFC 2047 does not allow encoded words in an id, but products write them
		}
	}
	if strings.Contains(id, `\`) {
		id = escapedBrackets.Replace(id)
	}
	if lower := strings.ToLower(id); strings.Contains(lower, "=3c") && strings.Contains(lower, "=3e") {
		id = quotedBrackets.Replace(id)
	}
	return strings.TrimSpace(id)
}

var (
	escapedBrackets = strings.NewReplacer(`\u003c`, "<", `\u003C`, "<", `\u003e`, ">", `\u003E`, ">", `\u0040`, "@", `\<`, "<", `\>`, ">", `\r`, "\r", `\n`, "\n")
	quotedBrackets  = strings.NewReplacer("=3C", "<", "=3c", "<", "=3E", ">", "=3e", ">", "=40", "@")
)

// isText reports whether unescaped text may stand in a header field, so that it may
// have been escaped in the first place.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(strings.TrimSpace(s), unicode.IsControl)
}

// isLabel reports whether the text before an id is the name of its header, or empty.
func isLabel(s string) bool {
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
	switch s {
	case "", "id", "mid", "messageid", "msgid", "internetmessageid", "mailto":
		return true
	}
	return false
}

// withoutLabel returns an id without the name of its header and without the quotes
// and punctuation around it.
func withoutLabel(id string) string {
	for {
		before := id
		if i := strings.IndexAny(id, ":="); i > 0 && isLabel(id[:i]) {
			id = id[i+1:]
		}
		id = strings.TrimSpace(strings.Trim(id, ";,|*` \t\r\n"))
		if strings.Count(id, `"`) == 1 {
			id = strings.TrimSpace(strings.Trim(id, `"`)) // the other quote was not pasted
		}
		if strings.Contains(id, "@") {
			id = strings.TrimRight(id, ".")
		}
		for _, q := range []string{`""`, `''`, "“”", "‘’", "«»", "„“", "()", "[]", "{}"} {
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

// tidyID returns an id without what people put into it to keep others from following
// it, and without blanks next to @ and dots, which RFC 5322, section 4.5.4, allows.
func tidyID(id string) string {
	if !strings.ContainsAny(id, "@") {
		id = atSigns.Replace(id)
	}
	local, domain, ok := strings.Cut(strings.ReplaceAll(id, "[:]", ":"), "@")
	if ok {
		id = local + "@" + domain
	}
	if !ok || strings.Contains(local, `"`) {
		return id
	}
	if !strings.HasPrefix(domain, "[") && strings.ContainsAny(domain, "[({") {
		domain = dotSigns.Replace(domain)
		id = local + "@" + domain
	}
	if strings.IndexFunc(id, unicode.IsSpace) < 0 {
		return id
	}
	words := strings.Fields(id)
	if len(words) < 2 {
		return id
	}
	var b strings.Builder
	for i, w := range words {
		if i > 0 && !strings.HasSuffix(words[i-1], ".") && !strings.HasSuffix(words[i-1], "@") && w[0] != '.' && w[0] != '@' {
			return id // it has a blank elsewhere
		}
		b.WriteString(w)
	}
	return b.String()
}

var (
	atSigns  = strings.NewReplacer("[at]", "@", "(at)", "@", "[@]", "@", "(@)", "@", "[AT]", "@")
	dotSigns = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[dot]", ".", "(dot)", ".")
)
