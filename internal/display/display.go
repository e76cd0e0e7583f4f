// Package display writes for people what others may have written for machines:
// with what could control a terminal escaped.
package display

import (
	"io"
	"strconv"
	"strings"
	"unicode"
)

// Printable returns a text with everything escaped that is not to be seen:
// control characters, marks of direction, bytes that are not UTF-8.
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

// Writer keeps the first error, so that it need not be looked at after each
// line.
type Writer struct {
	w   io.Writer
	err error
}

// NewWriter returns a writer over another one.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes unless an error came before.
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
