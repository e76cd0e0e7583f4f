package redact

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// form is one of the ways in which a secret can be written.
type form struct {
	text  string // in lower case, unless exact
	exact bool   // base64: case counts, and the run of characters around it is struck out with it
	code  bool   // base64 or hex, in which there may be line ends
	word  bool   // too short to be struck out: counts only as a word

	head, tail bool // the base64 character before it or after it holds some of its bits
}

// forms returns the ways in which a password can be written, apart from escapes.
func forms(user, secret string) []form {
	var all []form
	short := utf8.RuneCountInString(secret) < shortest
	for _, text := range spellings(secret) {
		for _, plain := range append(unescapings(text), strings.ReplaceAll(text, " ", "+")) {
			if n := utf8.RuneCountInString(plain); n >= shortest || short && n > 0 {
				all = append(all, form{text: lower(plain), word: n < shortest})
			}
		}
		if utf8.RuneCountInString(text) >= shortest {
			all = append(all, coded([]byte(text))...)
		}
	}
	for _, order := range byteOrders {
		if !short {
			all = append(append(all, form{text: lower(string(wide(secret, order)))}), coded(wide(secret, order))...)
		}
		if user != "" {
			all = append(all, coded(wide(user+":"+secret, order))...)
		}
	}
	if user != "" {
		for _, pair := range spellings(user + ":" + secret) {
			all = append(all, coded([]byte(pair))...)
		}
	}
	slices.SortFunc(all, func(a, b form) int { return strings.Compare(a.text, b.text) })
	return slices.Compact(all)
}

// spellings returns a text, and what it becomes if UTF-8 is mistaken for another charset,
// or vice versa.
func spellings(s string) []string {
	all := []string{s}
	if trimmed := strings.TrimSpace(s); trimmed != s {
		all = append(all, trimmed)
	}
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return all
	}
	var latin, mistaken []byte
	for _, r := range s {
		if r > 0xFF {
			r = '?'
		}
		latin = append(latin, byte(r))
	}
	for _, b := range []byte(s) {
		mistaken = utf8.AppendRune(mistaken, rune(b))
	}
	all = append(all, string(latin), string(mistaken), strings.ToUpper(s), strings.ToLower(s))
	for _, by := range []string{"?", "\uFFFD", ""} {
		all = append(all, replaced(s, by, false), replaced(s, by, true))
	}
	return all
}

// replaced returns a text in which by replaces each character that is not ASCII, or each
// byte of such a character.
func replaced(s, by string, bytes bool) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case bytes:
			b.WriteString(strings.Repeat(by, utf8.RuneLen(r)))
		default:
			b.WriteString(by)
		}
	}
	return b.String()
}

// byteOrders are the byte orders of UTF-16. NTLM uses the first, Java and .NET's
// BigEndianUnicode the second.
var byteOrders = []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}

// wide returns a text in UTF-16.
func wide(s string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

// leastExact is the minimum number of known base64 characters to search for.
const leastExact = 4

// coded returns the forms of bytes in hex, and within the base64 of a longer text: for
// each of the three offsets, the characters that these bytes alone determine.
func coded(b []byte) []form {
	all := []form{{text: hex.EncodeToString(b), code: true}}
	for offset := range 3 {
		padded := append(make([]byte, offset), b...)
		known := len(padded) * 8 / 6 // full characters
		first := (offset*8 + 5) / 6
		for _, coding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if text := coding.EncodeToString(padded); known-first >= leastExact {
				all = append(all, form{text: text[first:known], exact: true, code: true, head: first*6 > offset*8, tail: known < len(text)})
			}
		}
	}
	return all
}

// unescapings returns a text, and what it becomes if it is mistaken for an escaped one,
// as happens when escapes of the text around it are undone.
func unescapings(s string) []string {
	all := []string{s}
	for m := plainly(s); len(all) <= maxLayers; {
		var changed bool
		if m, changed = m.unescape(unescapeAt); !changed {
			break
		}
		all = append(all, string(m.text))
	}
	return all
}

// lower turns ASCII letters into lower case; the length stays the same.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// pieceSize is the length of the pieces by which a token is recognised: any part of
// twice that length contains one.
const pieceSize = 16

// pieces cuts a token into pieces, in lower case. Pieces with few distinct characters,
// such as a row of zeros, are not distinctive.
func pieces(text string) map[string]bool {
	all := make(map[string]bool)
	text = lower(text)
	for ; len(text) >= pieceSize; text = text[pieceSize:] {
		different := 0
		for i := range pieceSize {
			if strings.IndexByte(text[:i], text[i]) < 0 {
				different++
			}
		}
		if different > 4 {
			all[text[:pieceSize]] = true
		}
	}
	return all
}
