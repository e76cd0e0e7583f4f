package ews

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
)

// decoded undoes the content coding (RFC 9110, section 8.4.1) and the charset of a body.
// Some gateways compress without declaring it, declare a coding after decompressing, or
// use codings that were not requested, so the first bytes of the body decide where they
// are unambiguous. They are inspected on the first Read, because an answer can declare a
// coding and have no body.
type decoded struct {
	src    io.Reader
	coding string // Content-Encoding
	plain  io.Reader
	err    error
}

func (d *decoded) Read(p []byte) (int, error) {
	if d.plain == nil && d.err == nil {
		if d.plain, d.err = decode(&sticky{src: d.src}, strings.ToLower(strings.TrimSpace(d.coding))); d.err == nil {
			d.plain, d.err = toUTF8(d.plain)
		}
	}
	if d.err != nil {
		return 0, d.err
	}
	return d.plain.Read(p)
}

// codingError explains why a body cannot be decoded.
type codingError struct {
	coding string
	err    error
}

func (e *codingError) Error() string {
	s := "the response is encoded as " + quote(e.coding) + " (Content-Encoding)"
	if e.err == nil {
		return s + ", which was not asked for; a proxy or gateway in between must leave responses as they are, or use gzip"
	}
	return s + ", but its content is not: " + e.err.Error()
}

func (e *codingError) Unwrap() error { return e.err }

// encoded reports whether a body is encoded in a way that cannot be read.
func encoded(err error) bool {
	_, charset := errors.AsType[encodingError](err)
	_, coding := errors.AsType[*codingError](err)
	return charset || coding
}

// decode returns the plain body.
func decode(src io.Reader, coding string) (io.Reader, error) {
	r := bufio.NewReaderSize(src, headLength)
	start, err := r.Peek(2)
	if len(start) < 2 {
		if len(start) == 0 && err != nil {
			return nil, err
		}
		return r, nil
	}
	gzipped := start[0] == 0x1F && start[1] == 0x8B // RFC 1952, section 2.3.1
	switch {
	case gzipped:
		z, err := gzip.NewReader(bufio.NewReader(r))
		if err != nil {
			return nil, wrongCoding("gzip", err)
		}
		return z, nil
	case coding == "", coding == "identity", looksPlain(start):
		return r, nil
	case coding == "deflate" && start[0]&0x0F == 8 && (uint(start[0])<<8|uint(start[1]))%31 == 0: // RFC 1950, section 2.2
		z, err := zlib.NewReader(bufio.NewReader(r))
		if err != nil {
			return nil, wrongCoding(coding, err)
		}
		return z, nil
	case coding == "deflate":
		return flate.NewReader(bufio.NewReader(r)), nil // without the header, as some servers send it
	case coding == "gzip", coding == "x-gzip":
		return nil, wrongCoding(coding, gzip.ErrHeader)
	}
	return nil, &codingError{coding: coding}
}

// wrongCoding distinguishes a truncated answer or a broken connection from a wrongly
// encoded answer.
func wrongCoding(coding string, err error) error {
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, zlib.ErrHeader) {
		return &codingError{coding, err}
	}
	return err
}

// looksPlain reports whether a body begins as XML or HTML does in any charset.
func looksPlain(start []byte) bool {
	return bytes.IndexByte([]byte("< \t\r\n\xEF"), start[0]) >= 0 || isUTF16(start)
}

// isUTF16 reports whether a body begins with the mark of UTF-16, or with "<" in it.
func isUTF16(start []byte) bool {
	switch string(start[:2]) {
	case "\xFF\xFE", "\xFE\xFF", "<\x00", "\x00<":
		return true
	}
	return false
}
