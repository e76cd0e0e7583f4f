package ews

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// truncationMarker is what a server that hits a limit puts at the end of an
// export, here in lower case and without white space. The documentation does not
// say whether it is part of the data, encoded or not, or follows the document.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-export-items-by-using-ews-in-exchange.
const truncationMarker = "===truncateddata==="

// heldBack is how many characters at the end of the data are held back until they are
// known not to be the marker. It is a multiple of 4, and longer than the marker in
// base64, even as UTF-16.
const heldBack = 128

// exportReader reads the data of one item as base64 text.
type exportReader struct {
	exports *Exports
	src     *xmlwire.TextReader
	tail    [heldBack]byte
	n       int    // bytes used in tail
	block   []byte // for callers that read little at a time
	rest    []byte // unread part of block
	total   int64
	err     error
}

func (r *exportReader) Read(p []byte) (int, error) {
	if len(p) > 2*heldBack && len(r.rest) == 0 {
		return r.read(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.rest) == 0 {
		if r.block == nil {
			r.block = make([]byte, 8<<10)
		}
		n, err := r.read(r.block)
		if n == 0 {
			return 0, err
		}
		r.rest = r.block[:n]
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// read reads into p, which must be larger than heldBack.
func (r *exportReader) read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n := copy(p, r.tail[:r.n])
	var err error
	for err == nil && n < len(p)/2 {
		// Small pieces could end up as one network packet each.
		var m int
		m, err = r.src.Read(p[n:])
		r.total += int64(m)
		n += m
	}
	switch err {
	case nil:
		r.n = copy(r.tail[:], p[max(0, n-heldBack):n])
		return n - r.n, nil
	case io.EOF:
		return r.end(p, n)
	}
	r.err = r.exports.unreadable(err)
	r.exports.fatal()
	return 0, r.err
}

// end is called when the text has ended, with its last n bytes in p. They are
// data if everything else is in order.
func (r *exportReader) end(p []byte, n int) (int, error) {
	a := r.exports.a
	tail := p[max(0, n-heldBack):n]
	switch {
	case r.total == 0:
		r.err = a.malformed("Data is empty")
	case isTruncated(tail):
		r.err = r.exports.truncated()
	case r.total%4 != 0:
		r.err = a.malformed("Data: " + errCutBase64.Error())
	case !endsBase64(tail):
		r.err = a.malformed("Data: its end is " + errNoBase64.Error())
	default:
		r.err = r.exports.settle()
	}
	if r.err != nil {
		r.exports.fatal()
		return 0, r.err
	}
	r.err = io.EOF
	return n, nil
}

// endsBase64 reports whether a text that ends some base64 is itself base64: something else at
// the end may be a marker of a form that isTruncated does not know. What comes before the end
// is checked where it is used.
func endsBase64(tail []byte) bool {
	var c base64Checker
	return c.check(tail) == nil && c.padding <= 2
}

// expire makes all further reads fail.
func (r *exportReader) expire() {
	r.rest = nil
	if r.err == nil {
		r.err = errors.New("ews: read after Exports.Next or Exports.Close")
	}
}

// isTruncated reports whether some base64 text ends in the marker: as is,
// encoded by itself, or encoded together with the data.
func isTruncated(tail []byte) bool {
	if hasMarker(tail) {
		return true
	}
	for _, form := range []string{"=== Truncated Data ===", "===Truncated Data===", "===TruncatedData==="} {
		encoded := []byte(base64.StdEncoding.EncodeToString([]byte(form)))
		if bytes.HasSuffix(tail, encoded) || bytes.HasSuffix(tail, bytes.TrimRight(encoded, "=")) {
			return true
		}
	}
	plain := make([]byte, heldBack)
	n, err := base64.StdEncoding.Decode(plain, tail)
	return err == nil && hasMarker(plain[:n])
}

// hasMarker reports whether text ends in the marker, in ASCII or UTF-16.
func hasMarker(text []byte) bool {
	text = text[max(0, len(text)-heldBack):]
	squeezed := strings.Map(func(c rune) rune {
		if c <= ' ' {
			return -1
		}
		return c
	}, string(text))
	return strings.HasSuffix(strings.ToLower(squeezed), truncationMarker)
}

func (e *Exports) truncated() error {
	return &DecodeError{
		Operation: e.a.op, Mailbox: e.a.client.mailbox,
		Path: e.a.path(), Offset: e.a.d.Offset(), Err: ErrTruncated,
	}
}

// between reads to the end of the element at depth. No text is expected there, except
// possibly the marker.
func (e *Exports) between(depth int) error {
	a, d := e.a, e.a.d
	var text strings.Builder
	for d.NextChildText(depth, &text) {
		switch {
		case depth == e.depth && e.m != nil:
			a.messageHead(e.m)
		case depth == a.depth+1:
			return a.misfit("more response messages than requested")
		case depth == a.depth-1:
			return a.misfit("a second answer in one SOAP body")
		}
	}
	if err := d.Err(); err != nil {
		return e.unreadable(err)
	}
	if hasMarker([]byte(text.String())) {
		return e.truncated()
	}
	return nil
}

// unreadable is answer.unreadable for an answer that can end in the marker.
func (e *Exports) unreadable(err error) error {
	e.a.body.drain()
	if hasMarker(e.a.body.tail) {
		return e.truncated()
	}
	return e.a.unreadable(err)
}
