package mimeparam

import (
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
	"golang.org/x/text/encoding/charmap"
)

// join decodes the segments of a parameter (RFC 2231, sections 3 and 4).
func join(segments []param) Text {
	var b strings.Builder
	named, inCharset := "", false
	for i, s := range segments {
		value := s.value
		if s.extended {
			if i == 0 {
				// charset'language'text. Some programs omit one or both.
				if first, rest, ok := strings.Cut(value, "'"); ok && !strings.Contains(first, "%") {
					_, text, again := strings.Cut(rest, "'")
					if !again {
						text = rest
					}
					named, value, inCharset = first, text, true
				}
			}
			value = Unescape(value)
		}
		b.WriteString(value)
	}
	if !inCharset {
		return plain(b.String())
	}
	return inCharsetOf(b.String(), named)
}

// plain decodes encoded words, which programs write in parameters although RFC 2047,
// section 5, forbids that.
func plain(s string) Text {
	if strings.Contains(s, "=?") {
		guessed := false
		words := mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
			converted, err := charset.Reader(name, r)
			if err != nil {
				guessed = true
				return r, nil // it may be ASCII
			}
			return converted, nil
		}}
		if text, err := words.DecodeHeader(JoinWords(s)); err == nil {
			s = text
		}
		if guessed {
			return Text{strings.ToValidUTF8(s, "\uFFFD"), true}
		}
	}
	if utf8.ValidString(s) {
		return Text{Text: s}
	}
	return inCharsetOf(s, "")
}

// inCharsetOf converts bytes to UTF-8. If the charset is not known, it takes them for
// UTF-8 if they are valid, and otherwise for Windows-1252.
func inCharsetOf(s, name string) Text {
	known := true
	switch name = strings.ToLower(strings.Trim(name, " \t\"")); name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
	default:
		known = false
		if r, err := charset.Reader(name, strings.NewReader(s)); err == nil {
			if b, err := io.ReadAll(r); err == nil {
				return Text{strings.ToValidUTF8(string(b), "\uFFFD"), strings.ContainsRune(string(b), utf8.RuneError)}
			}
		}
	}
	if utf8.ValidString(s) {
		return Text{s, !known}
	}
	text, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		text = strings.ToValidUTF8(s, "\uFFFD")
	}
	return Text{text, true}
}

// Unescape undoes percent-encoding; anything malformed stays as it is.
func Unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, ok := HexByte(s[i+1], s[i+2]); ok {
				b = append(b, v)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
