package ews

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// encodingError says that a response is encoded in a way that cannot be read.
type encodingError string

func (e encodingError) Error() string { return string(e) }

// bodyText reads a response as UTF-8, whatever compressed or converted it on the
// way. It reads the beginning on the first Read, because a response may say that it
// is compressed and have no body.
type bodyText struct {
	src    io.Reader
	coding string // Content-Encoding
	text   io.Reader
}

// Read reads UTF-8.
func (b *bodyText) Read(p []byte) (int, error) {
	if b.text == nil {
		text, err := b.begin()
		if err != nil {
			return 0, err
		}
		b.text = text
	}
	return b.text.Read(p)
}

// headLength is how much of a response is looked at for its encoding: more than an
// XML declaration is long.
const headLength = 256

func (b *bodyText) begin() (io.Reader, error) {
	src := bufio.NewReaderSize(&sticky{src: b.src}, headLength)
	head, _ := src.Peek(2)
	zipped := string(head) == "\x1F\x8B" // also if a proxy has removed the header
	switch strings.ToLower(strings.TrimSpace(b.coding)) {
	case "gzip", "x-gzip":
		zipped = true
	case "", "identity":
	default:
		return nil, encodingError("it has the Content-Encoding " + quote(b.coding) + ", which was not asked for; " +
			"a proxy in between must send it as it is, or in gzip")
	}
	if zipped {
		unzipped, err := gzip.NewReader(src)
		if err != nil {
			return nil, err
		}
		src = bufio.NewReaderSize(unzipped, headLength)
	}
	return toUTF8(src)
}

// sticky returns the same error each time; bufio.Reader asks again.
type sticky struct {
	src io.Reader
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.src.Read(p)
	}
	return n, s.err
}

var encodingDeclared = regexp.MustCompile(`^(?:\xEF\xBB\xBF)?\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'>]*)["']`)

// toUTF8 returns a text as UTF-8. How it is encoded is told by its first bytes or by
// its XML declaration: see appendix F of XML 1.0, https://www.w3.org/TR/xml/.
func toUTF8(src *bufio.Reader) (io.Reader, error) {
	head, _ := src.Peek(2)
	switch string(head) {
	case "\xFF\xFE", "<\x00":
		return &utf16Text{src: src, low: 0}, nil
	case "\xFE\xFF", "\x00<":
		return &utf16Text{src: src, low: 1}, nil
	}
	head, _ = src.Peek(headLength)
	found := encodingDeclared.FindSubmatch(head)
	if found == nil {
		return src, nil
	}
	switch name := string(bytes.ToLower(found[1])); name {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return src, nil
	case "iso-8859-1", "latin1":
		return &latin1Text{src: src}, nil
	default:
		return nil, encodingError("it is encoded in " + quote(name) + ", which EWS never is; check what converts it on the way")
	}
}

// utf16Text converts from UTF-16.
type utf16Text struct {
	src *bufio.Reader
	low int // which byte of a pair is the lower one
	out []byte
}

// Read reads UTF-8. Half a pair at the end is an unexpected end.
func (t *utf16Text) Read(p []byte) (int, error) {
	for len(t.out) < len(p) {
		if len(t.out) > 0 && t.src.Buffered() < 4 {
			break // rather than wait for more
		}
		unit, err := t.unit()
		if err != nil {
			if len(t.out) > 0 {
				break // it is sticky
			}
			return 0, err
		}
		r := rune(unit)
		if utf16.IsSurrogate(r) {
			second, err := t.unit()
			if err != nil {
				return 0, io.ErrUnexpectedEOF
			}
			r = utf16.DecodeRune(r, rune(second))
		}
		t.out = utf8.AppendRune(t.out, r)
	}
	n := copy(p, t.out)
	t.out = t.out[:copy(t.out, t.out[n:])]
	return n, nil
}

func (t *utf16Text) unit() (uint16, error) {
	var pair [2]byte
	if _, err := io.ReadFull(t.src, pair[:]); err != nil {
		return 0, err
	}
	return uint16(pair[t.low]) | uint16(pair[1-t.low])<<8, nil
}

// latin1Text converts from ISO 8859-1.
type latin1Text struct {
	src *bufio.Reader
	out []byte
}

// Read reads UTF-8.
func (t *latin1Text) Read(p []byte) (int, error) {
	if len(t.out) == 0 {
		head, err := t.src.Peek(1)
		if len(head) == 0 {
			return 0, err
		}
		ready, _ := t.src.Peek(t.src.Buffered())
		for _, b := range ready {
			t.out = utf8.AppendRune(t.out, rune(b))
		}
		_, _ = t.src.Discard(len(ready)) // buffered, so it cannot fail
	}
	n := copy(p, t.out)
	t.out = t.out[:copy(t.out, t.out[n:])]
	return n, nil
}
