package ews

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
)

// base64Checker checks, piece by piece, that text is complete base64 with nothing else in
// it but white space. It detects truncated text and a marker after the padding.
type base64Checker struct {
	digits  int64 // characters other than white space, including padding
	padding int
}

// Byte classes. Everything but base64 digits has a bit set.
const (
	base64Blank   = 1
	base64Padding = 2
	base64Other   = 4
)

var base64Class = func() (table [256]byte) {
	for i := range table {
		table[i] = base64Other
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(digits) {
		table[digits[i]] = 0
	}
	for _, c := range []byte(" \t\r\n") {
		table[c] = base64Blank
	}
	table['='] = base64Padding
	return table
}()

var (
	errNoBase64  = errors.New("not valid base64")
	errCutBase64 = errors.New("base64 is cut short")
)

func (c *base64Checker) check(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), 4096)
		if c.padding == 0 && base64Classes(p[:n]) == 0 {
			c.digits += int64(n)
		} else if err := c.slow(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// base64Pairs holds the combined classes of each pair of bytes.
var base64Pairs = func() (table [1 << 16]byte) {
	for i := range table {
		table[i] = base64Class[i&0xFF] | base64Class[i>>8]
	}
	return table
}()

// base64Classes returns the classes that occur in p. Large content is mostly
// digits, and this loop dominates the cost of passing it on.
func base64Classes(p []byte) byte {
	var found byte
	table := &base64Pairs
	for len(p) >= 8 {
		w := binary.LittleEndian.Uint64(p)
		found |= table[uint16(w)] | table[uint16(w>>16)] | table[uint16(w>>32)] | table[uint16(w>>48)]
		p = p[8:]
	}
	for _, b := range p {
		found |= base64Class[b]
	}
	return found
}

func (c *base64Checker) slow(p []byte) error {
	for _, b := range p {
		switch base64Class[b] {
		case base64Blank:
		case base64Padding:
			c.digits++
			c.padding++
		case base64Other:
			return errNoBase64
		default:
			if c.padding > 0 {
				return errNoBase64
			}
			c.digits++
		}
	}
	return nil
}

// end checks, after the last piece, that the text is complete.
func (c *base64Checker) end() error {
	switch {
	case c.digits == 0:
		return errors.New("it is empty")
	case c.padding > 2:
		return errNoBase64
	case c.digits%4 != 0:
		return errCutBase64
	}
	return nil
}

// base64Reader decodes base64 text without white space.
type base64Reader struct {
	src    io.Reader
	text   []byte // read, not yet decoded
	n      int    // bytes used in text
	full   bool   // the last read filled text
	plain  []byte // decoded, not yet returned
	block  []byte
	padded bool
	wrap   func(error) error // wraps errors in the text
	err    error
}

func newBase64Reader(src io.Reader, wrap func(error) error) *base64Reader {
	r := &base64Reader{src: src, wrap: wrap}
	r.room(smallBase64)
	return r
}

// Bytes of text decoded in one go: few at first, because most messages are small, and
// more as soon as a read fills the buffer.
const (
	smallBase64 = 4 << 10
	largeBase64 = 32 << 10
)

// room makes room for n bytes of text and keeps what has been read.
func (r *base64Reader) room(n int) {
	text := make([]byte, n)
	copy(text, r.text[:r.n])
	r.text, r.block = text, make([]byte, n/4*3)
}

// Read returns decoded bytes. The source's error, including io.EOF, comes after
// the last byte.
func (r *base64Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.plain) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

func (r *base64Reader) fill() {
	if r.full && len(r.text) < largeBase64 {
		r.room(largeBase64)
	}
	n, err := r.src.Read(r.text[r.n:])
	r.n += n
	r.full = r.n == len(r.text)
	whole := r.n / 4 * 4
	if whole > 0 && r.padded {
		r.err = r.wrap(errNoBase64)
		return
	}
	m, decodeErr := base64.StdEncoding.Decode(r.block, r.text[:whole])
	if decodeErr != nil {
		r.err = r.wrap(errNoBase64)
		return
	}
	r.plain = r.block[:m]
	r.padded = m < whole/4*3
	r.n = copy(r.text, r.text[whole:r.n])
	switch {
	case err == io.EOF && r.n > 0:
		r.err = r.wrap(errCutBase64)
	default:
		r.err = err
	}
}
