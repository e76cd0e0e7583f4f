// Package terminal makes text from attackers safe to display: subjects, names and
// server messages can contain escape sequences that clear or repaint a terminal, line
// breaks that forge a line of output, and marks that reverse the direction of
// writing.
package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape returns s as one line, with every character that is not printable replaced by a Go
// escape: \x1b, \u202e, and \xff for a byte that is not UTF-8. Backslashes are left alone.
func Escape(s string) string {
	if !strings.ContainsFunc(s, hostile) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !hostile(r):
			b.WriteRune(r)
		case r <= 0xFF:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// Cut returns Escape of s, cut to width characters; if it was cut, the last of them
// is an ellipsis.
func Cut(s string, width int) string {
	s = Escape(s)
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// hostile reports whether a character affects a terminal, or stands for a byte that
// is not UTF-8.
func hostile(r rune) bool {
	return r == utf8.RuneError || !unicode.IsPrint(r)
}

// plain undoes, in place, the HTML escapes made by a MarshalJSON method. Any other escape is
// skipped as a whole, so that the second of two backslashes does not begin one.
func plain(line []byte) []byte {
	done := line[:0]
	for {
		i := bytes.IndexByte(line, '\\')
		if i < 0 {
			return append(done, line...)
		}
		done, line = append(done, line[:i]...), line[i:]
		n := min(6, len(line))
		switch string(line[:n]) {
		case `\u003c`:
			done = append(done, '<')
		case `\u003e`:
			done = append(done, '>')
		case `\u0026`:
			done = append(done, '&')
		default:
			n = min(2, len(line))
			done = append(done, line[:n]...)
		}
		line = line[n:]
	}
}

// JSONLine returns v as one line of JSON, including the line break. Characters that
// affect a terminal are written as \u escapes, even those that encoding/json leaves
// alone (U+007F to U+009F, direction marks).
func JSONLine(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // a Message-ID remains readable, and can be searched for
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	written := bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	if bytes.Contains(written, []byte(`\u00`)) {
		written = plain(written)
	}
	if bytes.IndexFunc(written, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
		return append(written, '\n'), nil
	}
	line := make([]byte, 0, len(written)+1)
	for _, r := range string(written) {
		switch {
		case r == utf8.RuneError || unicode.IsPrint(r):
			line = utf8.AppendRune(line, r)
		case r <= 0xFFFF:
			line = fmt.Appendf(line, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			line = fmt.Appendf(line, `\u%04x\u%04x`, high, low)
		}
	}
	return append(line, '\n'), nil
}
