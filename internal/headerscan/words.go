package headerscan

import (
	"encoding/base64"
	"strings"

	"golang.org/x/net/html/charset"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// word is a piece of a field: text, or an encoded word.
type word struct {
	text    string
	encoded bool
}

// split splits a field into texts and decoded words. It accepts encoded words wherever
// people see one, not only where RFC 2047 allows them: glued to other text, in quotes,
// with blanks inside, without an end.
//
// See https://www.rfc-editor.org/rfc/rfc2047#section-2.
func split(s string) []word {
	var all []word
	var label string // charset of the encoded words in raw
	var raw []byte
	flush := func() {
		if raw != nil {
			all = append(all, word{convert(label, raw), true})
		}
		raw = nil
	}
	for s != "" {
		before, rest, ok := strings.Cut(s, "=?")
		if !ok {
			break
		}
		name, content, after, ok := cutWord(rest)
		if !ok {
			flush()
			all = append(all, word{before + "=?", false})
			s = rest
			continue
		}
		// A character may be split across two words of the same charset.
		if strings.TrimSpace(before) != "" || raw != nil && !strings.EqualFold(name, label) {
			flush()
		}
		if strings.TrimSpace(before) != "" {
			all = append(all, word{before, false})
		}
		label, raw = name, append(raw, content...)
		if raw == nil {
			raw = []byte{}
		}
		s = after
	}
	flush()
	if s != "" {
		all = append(all, word{s, false})
	}
	return all
}

// Text returns a field with its encoded words decoded, wherever they are. Blanks between
// them may be missing from the result.
func Text(field string) string {
	var b strings.Builder
	for _, w := range split(field) {
		b.WriteString(w.text)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// maxWord is how many bytes of an encoded word are searched for its end. RFC 2047 allows 75.
const maxWord = 4096

// cutWord reads an encoded word whose initial =? has been removed.
func cutWord(s string) (label string, content []byte, after string, ok bool) {
	label, s, ok = strings.Cut(s, "?")
	if !ok || len(label) > 60 || strings.ContainsAny(label, " \t<>@") || len(s) < 2 || s[1] != '?' {
		return "", nil, "", false
	}
	label, _, _ = strings.Cut(label, "*") // a language may follow: RFC 2231, section 5
	kind, s := s[0], s[2:]
	near := s[:min(len(s), maxWord)]
	end, over := strings.Index(near, "?="), len("?=")
	if end < 0 {
		end, over = strings.IndexAny(near, " \t<>"), 0
	}
	if end < 0 {
		end = len(near)
	}
	text, after := s[:end], s[end+over:]
	switch kind {
	case 'b', 'B':
		return label, base64Text(text), after, true
	case 'q', 'Q':
		return label, quotedText(text), after, true
	}
	return "", nil, "", false
}

// base64Text decodes base64 as far as possible.
func base64Text(s string) []byte {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '+', r == '/':
			return r
		}
		return -1
	}, s)
	if len(s)%4 == 1 {
		s = s[:len(s)-1]
	}
	b, _ := base64.RawStdEncoding.DecodeString(s)
	return b
}

// quotedText decodes the Q encoding. Malformed codes stay as they are.
func quotedText(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(s):
			if v, ok := mimeparam.HexByte(s[i+1], s[i+2]); ok {
				c = v
				i += 2
			}
		}
		b = append(b, c)
	}
	return b
}

// convert converts a text to UTF-8. A text in an unknown charset stays as it is, because
// addresses are ASCII in nearly all charsets.
func convert(label string, b []byte) string {
	encoding, name := charset.Lookup(label)
	if encoding == nil || name == "utf-8" {
		return string(b)
	}
	text, err := encoding.NewDecoder().Bytes(b)
	if err != nil {
		return string(b)
	}
	return string(text)
}
