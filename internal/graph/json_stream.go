package graph

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonStream reads a JSON document piece by piece, so that a string in it can be larger
// than memory. It checks only as much of the grammar as it needs to keep its place;
// anything unexpected is an error.
type jsonStream struct {
	r *bufio.Reader
}

// Limits of values that are read whole.
const (
	maxKey   = 64 << 10 // a string, such as a key or an id
	maxValue = 64 << 10 // a value, such as an error
	maxDepth = 32
)

var (
	errJSON     = errors.New("the answer is not the JSON that was expected")
	errJSONLong = errors.New("a text in the answer is longer than any that was expected")
)

// cut turns an early end of the document into an error.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next returns the next byte that is not blank, without taking it.
func (s *jsonStream) next() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
		case 0xEF: // a byte order mark
			if rest, _ := s.r.Peek(2); string(rest) == "\xBB\xBF" {
				_, _ = s.r.Discard(2)
				continue
			}
			return 0, errJSON
		default:
			return c, s.r.UnreadByte()
		}
	}
}

// take takes one of the given bytes and returns it.
func (s *jsonStream) take(one string) (byte, error) {
	c, err := s.next()
	if err != nil {
		return 0, cut(err)
	}
	if strings.IndexByte(one, c) < 0 {
		return 0, errJSON
	}
	_, err = s.r.ReadByte()
	return c, err
}

// key takes a key and the colon after it.
func (s *jsonStream) key() (string, error) {
	text, err := s.text()
	if err == nil {
		_, err = s.take(":")
	}
	return text, err
}

// text takes a short string.
func (s *jsonStream) text() (string, error) {
	if _, err := s.take(`"`); err != nil {
		return "", err
	}
	var b strings.Builder
	in := &jsonString{s: s}
	_, err := io.Copy(&b, io.LimitReader(in, maxKey+1))
	if err == nil && b.Len() > maxKey {
		err = errJSONLong
	}
	return b.String(), err
}

// value takes any value and returns its text. If keep is false it returns nothing, and
// the value may be of any length.
func (s *jsonStream) value(keep bool) ([]byte, error) {
	var text []byte
	depth, inString, escaped := 0, false, false
	for n := 0; ; n++ {
		c, err := s.r.ReadByte()
		if err != nil {
			return nil, cut(err)
		}
		if keep {
			if text = append(text, c); len(text) > maxValue {
				return nil, errJSONLong
			}
		}
		switch {
		case escaped:
			escaped = false
			continue
		case inString:
			escaped = c == '\\'
			inString = c != '"'
			if inString || depth > 0 {
				continue
			}
			return text, nil
		}
		switch c {
		case '"':
			inString = true
		case '{', '[':
			if depth++; depth > maxDepth {
				return nil, errJSON
			}
		case '}', ']', ',':
			if depth > 0 && c == ',' {
				continue
			}
			if depth == 0 { // the number, true, false or null before it has ended
				if keep {
					text = text[:len(text)-1]
				}
				return text, s.r.UnreadByte()
			}
			if depth--; depth == 0 {
				return text, nil
			}
		}
	}
}

// jsonString reads the inside of a string, from after its first quote to its last one.
type jsonString struct {
	s    *jsonStream
	over bool
	rest []byte // rest of a decoded escape sequence
}

// Read reads part of the string. After the closing quote it returns [io.EOF].
func (j *jsonString) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(j.rest) > 0 {
			m := copy(p[n:], j.rest)
			j.rest, n = j.rest[m:], n+m
			continue
		}
		if j.over {
			if n > 0 {
				return n, nil
			}
			return 0, io.EOF
		}
		if m := j.plain(p[n:]); m > 0 {
			n += m
			continue
		}
		if n > 0 && j.s.r.Buffered() == 0 {
			return n, nil // available bytes are not held back
		}
		c, err := j.s.r.ReadByte()
		if err != nil {
			return n, cut(err)
		}
		switch {
		case c == '"':
			j.over = true
		case c == '\\':
			if err := j.escape(); err != nil {
				return n, err
			}
		case c < ' ':
			return n, errJSON
		default:
			p[n] = c
			n++
		}
	}
	return n, nil
}

// plain takes the buffered bytes that need no decoding.
func (j *jsonString) plain(p []byte) int {
	there, _ := j.s.r.Peek(min(j.s.r.Buffered(), len(p)))
	n := 0
	for n < len(there) && there[n] != '"' && there[n] != '\\' && there[n] >= ' ' {
		n++
	}
	copy(p, there[:n])
	_, _ = j.s.r.Discard(n)
	return n
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (j *jsonString) escape() error {
	c, err := j.s.r.ReadByte()
	if err != nil {
		return cut(err)
	}
	if plain, ok := escapes[c]; ok {
		j.rest = append(j.rest[:0], plain)
		return nil
	}
	if c != 'u' {
		return errJSON
	}
	r, err := j.hex()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) {
		if next, _ := j.s.r.Peek(2); string(next) == `\u` {
			_, _ = j.s.r.Discard(2)
			low, err := j.hex()
			if err != nil {
				return err
			}
			r = utf16.DecodeRune(r, low)
		} else {
			r = utf8.RuneError
		}
	}
	j.rest = utf8.AppendRune(j.rest[:0], r)
	return nil
}

func (j *jsonString) hex() (rune, error) {
	var r rune
	for range 4 {
		c, err := j.s.r.ReadByte()
		if err != nil {
			return 0, cut(err)
		}
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return 0, errJSON
		}
		r = r<<4 | rune(digit)
	}
	return r, nil
}
