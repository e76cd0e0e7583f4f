// Package display shows text of untrusted origin to people, with everything that
// could control a terminal escaped.
package display

import (
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Printable returns a text with everything invisible escaped: control characters, marks
// that change the text direction, and bytes that are not UTF-8.
func Printable(s string) string {
	plain := func(r rune) bool { return unicode.IsPrint(r) && r != unicode.ReplacementChar }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if plain(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return b.String()
}

// Writer remembers the first error, so callers need not check for errors after each line.
type Writer struct {
	w   io.Writer
	err error
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes p, unless an earlier write failed.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.w.Write(p)
	w.err = err
	return n, err
}

// Err returns the first error.
func (w *Writer) Err() error { return w.err }
