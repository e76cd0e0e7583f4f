package graphmail

import (
	"encoding/base64"
	"io"
	"strings"
)

// Bytes of content in one line of base64, and the number of lines that are made at a time
// (RFC 2045, section 6.8).
const (
	lineBytes = 57
	someLines = 128
)

// encoder encodes content as lines of base64.
type encoder struct {
	from io.Reader
	in   []byte
	out  []byte // encoded lines
	text []byte // the part of out that was not read yet
	err  error
}

// Read reads part of the encoded lines.
func (e *encoder) Read(p []byte) (int, error) {
	for len(e.text) == 0 {
		if e.err != nil {
			return 0, e.err
		}
		if e.in == nil {
			e.in = make([]byte, lineBytes*someLines)
		}
		n := 0
		for n < len(e.in) && e.err == nil {
			var m int
			m, e.err = e.from.Read(e.in[n:])
			n += m
		}
		e.out = e.out[:0]
		for rest := e.in[:n]; len(rest) > 0; {
			line := rest[:min(lineBytes, len(rest))]
			e.out = append(base64.StdEncoding.AppendEncode(e.out, line), '\r', '\n')
			rest = rest[len(line):]
		}
		e.text = e.out
	}
	n := copy(p, e.text)
	e.text = e.text[n:]
	return n, nil
}

// oneLine removes from a text whatever would end a header field.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7F {
			return ' '
		}
		return r
	}, s)
}

// isToken reports whether a text can be the name of a header field (RFC 5322, section 3.6.8).
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7F || c == ':' {
			return false
		}
	}
	return s != ""
}
