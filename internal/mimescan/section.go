package mimescan

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// section reads up to the next delimiter line. The line end before it belongs to
// the delimiter.
// See RFC 2046, section 5.1.1.
type section struct {
	br        *bufio.Reader
	delimiter string
	last      bool // no section follows
	open      bool // the text ended before a delimiter came
	read      bool // it has more than white space

	inLine      bool
	eol         string // of the line before, held back
	first, line []byte // to be returned
	err         error
}

func (s *section) Read(p []byte) (int, error) {
	for len(s.first) == 0 && len(s.line) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.next()
	}
	n := copy(p, s.first)
	s.first = s.first[n:]
	if len(s.first) == 0 {
		m := copy(p[n:], s.line)
		s.line = s.line[m:]
		n += m
	}
	return n, nil
}

// next reads a line, or as much of it as fits into the buffer.
func (s *section) next() {
	line, err := s.br.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		err = nil
		if line[len(line)-1] == '\r' && s.br.UnreadByte() == nil {
			line = line[:len(line)-1] // it may be half of a line end
		}
	}
	if !s.inLine && s.delimits(line) {
		s.err = io.EOF
		return
	}
	if err != nil {
		s.last, s.open, s.err = true, true, err
	}
	body, eol := cutEOL(line)
	s.read = s.read || len(bytes.TrimSpace(body)) > 0
	s.first, s.line = []byte(s.eol), body
	s.eol, s.inLine = eol, eol == ""
	if s.err != nil {
		s.line = line // at the end nothing is held back
	}
}

func cutEOL(line []byte) (body []byte, eol string) {
	switch {
	case bytes.HasSuffix(line, []byte("\r\n")):
		return line[:len(line)-2], "\r\n"
	case bytes.HasSuffix(line, []byte("\n")):
		return line[:len(line)-1], "\n"
	}
	return line, ""
}

// delimits reports whether a line is the delimiter, and notes whether it is the
// closing one.
func (s *section) delimits(line []byte) bool {
	if len(line) < len(s.delimiter) || string(line[:len(s.delimiter)]) != s.delimiter {
		return false
	}
	rest := strings.TrimRight(string(line[len(s.delimiter):]), " \t\r\n")
	s.last = rest == "--"
	return rest == "" || s.last
}
