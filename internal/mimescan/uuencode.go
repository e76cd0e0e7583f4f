package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// uuencoded is the transfer encoding of Unix-to-Unix copy, which is not part of MIME.
// See https://pubs.opengroup.org/onlinepubs/9799919799/utilities/uuencode.html.
const uuencoded = "x-uuencode"

// uuBegin returns the file name in the line before an encoded file.
func uuBegin(line []byte) (name string, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("begin "))
	if !ok {
		return "", false
	}
	mode, file, ok := strings.Cut(strings.TrimSpace(string(rest)), " ")
	if !ok || len(mode) < 3 || len(mode) > 6 || strings.Trim(mode, "01234567") != "" {
		return "", false
	}
	return strings.TrimSpace(file), true
}

// uuLine appends the bytes of an encoded line. Blanks at its end may be missing.
func uuLine(dst, line []byte) ([]byte, bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) == 0 || line[0] < ' ' || line[0] > '`' {
		return dst, false
	}
	size := int(line[0]-' ') & 63
	line = line[1:]
	if need := (size + 2) / 3 * 4; len(line) > need+2 {
		return dst, false
	}
	for _, c := range line {
		if c < ' ' || c > '`' {
			return dst, false
		}
	}
	sextet := func(i int) byte {
		if i < len(line) {
			return (line[i] - ' ') & 63
		}
		return 0
	}
	for i := 0; size > 0; i += 4 {
		a, b, c, d := sextet(i), sextet(i+1), sextet(i+2), sextet(i+3)
		dst = append(dst, []byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}[:min(size, 3)]...)
		size -= 3
	}
	return dst, true
}

// uuReader decodes the first file in a body.
type uuReader struct {
	io.Reader
	name   string
	broken bool // it lacks its end, or has malformed lines
}

func newUU(r *bufio.Reader) *uuReader {
	u := &uuReader{}
	began, ended := false, false
	u.Reader = &decoder{fill: func(dst []byte) ([]byte, error) {
		for len(dst) <= cap(dst)-64 {
			line, err := r.ReadSlice('\n')
			if err == bufio.ErrBufferFull {
				err = nil
			}
			switch {
			case ended:
			case !began:
				u.name, began = uuBegin(line)
			case bytes.HasPrefix(line, []byte("end")):
				ended = true
			case len(bytes.TrimSpace(line)) > 0:
				var ok bool
				dst, ok = uuLine(dst, line)
				u.broken = u.broken || !ok
			}
			if err != nil {
				u.broken = u.broken || !ended
				return dst, err
			}
		}
		return dst, nil
	}}
	return u
}
