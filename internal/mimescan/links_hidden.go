package mimescan

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// The functions in this file undo what hides a link from a byte-by-byte reader. Those that
// return a text return nil if there is nothing to undo.

// maxZeros is how many zero bytes a text may have without raising a doubt.
const maxZeros = 16

// withoutMarks returns a text without invisible characters, or nil if it has none.
func withoutMarks(text []byte) []byte {
	found := slices.IndexFunc(text, func(c byte) bool { return c >= utf8.RuneSelf })
	for ; found >= 0 && found < len(text); found++ {
		switch text[found] {
		case 0xC2, 0xCD, 0xD8, 0xE1, 0xE2, 0xEF: // first bytes of invisible characters
			if r, _ := utf8.DecodeRune(text[found:]); invisible(r) {
				return leaveOutMarks(text)
			}
		}
	}
	return nil
}

func leaveOutMarks(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if !invisible(r) {
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

// invisible reports whether a character has no width. Programs and people put such
// characters into links, and browsers remove them from hosts.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x34F, r == 0x61C, r == 0x180E, r == 0xFEFF:
		return true
	}
	return r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x2069
}

// unescapeScript undoes the escapes of JSON and scripts that matter in links. It returns
// nil if there are none.
func unescapeScript(text []byte) []byte {
	first := bytes.IndexByte(text, '\\')
	if first < 0 {
		return nil
	}
	if rest := text[first:]; !bytes.Contains(rest, []byte(`\/`)) && !bytes.Contains(rest, []byte(`\u00`)) && !bytes.Contains(rest, []byte(`\x`)) {
		return nil
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			digits := text[i+2:]
			switch text[i+1] {
			case '/':
				i, c = i+1, '/'
			case 'u':
				if len(digits) >= 4 && digits[0] == '0' && digits[1] == '0' {
					if v, ok := hexByte(digits[2:]); ok {
						i, c = i+5, v
					}
				}
			case 'x':
				if v, ok := hexByte(digits); ok {
					i, c = i+3, v
				}
			}
		}
		out = append(out, c)
	}
	return out
}

// hexByte returns the ASCII character that two hexadecimal digits represent.
func hexByte(digits []byte) (byte, bool) {
	if len(digits) < 2 {
		return 0, false
	}
	v, ok := mimeparam.HexByte(digits[0], digits[1])
	return v, ok && v < utf8.RuneSelf
}

// withoutZeros leaves out zero bytes, which come from undeclared UTF-16, or which programs
// skip.
func withoutZeros(text []byte) []byte {
	if bytes.IndexByte(text, 0) < 0 {
		return nil
	}
	return bytes.ReplaceAll(text, []byte{0}, nil)
}

// hasQuoted reports whether a text has an equals sign, a slash or a soft line break in
// quoted-printable.
func hasQuoted(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '=')
		if i < 0 || i+1 == len(text) {
			return false
		}
		text = text[i+1:]
		switch {
		case text[0] == '\n', text[0] == '\r', bytes.HasPrefix(text, []byte("3D")), bytes.HasPrefix(text, []byte("2F")):
			return true
		}
	}
}

// unquote undoes undeclared quoted-printable.
func unquote(text []byte) []byte {
	if !hasQuoted(text) {
		return nil
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if rest := text[i+1:]; text[i] == '=' && len(rest) > 0 {
			switch {
			case rest[0] == '\n':
				i++
				continue
			case bytes.HasPrefix(rest, crlf):
				i += 2
				continue
			case len(rest) > 1:
				if v, ok := mimeparam.HexByte(rest[0], rest[1]); ok {
					out = append(out, v)
					i += 2
					continue
				}
			}
		}
		out = append(out, text[i])
	}
	return out
}
