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
	last      bool   // no section follows
	open      bool   // the text ended before a delimiter came
	work      *int64 // how many bytes have been read; may be nil
	read      bool   // it has more than white space

	ends        []byte // a line end and the delimiter
	inLine      bool
	eol         []byte // line end of the previous line, held back
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
	if s.work != nil {
		*s.work += int64(n)
	}
	return n, nil
}

// next reads lines up to the next delimiter, or as much of a line as fits into the buffer.
func (s *section) next() {
	if s.lines() {
		return
	}
	line, err := s.br.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		err = nil
		if line[len(line)-1] == '\r' && s.br.UnreadByte() == nil {
			line = line[:len(line)-1] // the CR may be half of a line end
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
	s.first, s.line = s.eol, body
	s.eol, s.inLine = eol, len(eol) == 0
	if s.err != nil {
		s.line = line // nothing is held back at the end
	}
}

// lines reads the lines in the buffer up to a possible delimiter. It reports false if there
// are none.
func (s *section) lines() bool {
	buffered, _ := s.br.Peek(s.br.Buffered())
	if !s.inLine && bytes.HasPrefix(buffered, []byte(s.delimiter)) {
		return false
	}
	if s.ends == nil {
		s.ends = []byte("\n" + s.delimiter)
	}
	end := bytes.Index(buffered, s.ends)
	if end < 0 {
		end = bytes.LastIndexByte(buffered, '\n')
	}
	if end < 0 {
		return false
	}
	body, eol := cutEOL(buffered[:end+1])
	s.read = s.read || len(bytes.TrimSpace(body)) > 0
	s.first, s.line, s.eol, s.inLine = s.eol, body, eol, false
	_, _ = s.br.Discard(end + 1)
	return true
}

// Line ends.
var (
	crlf = []byte("\r\n")
	lf   = crlf[1:]
)

func cutEOL(line []byte) (body, eol []byte) {
	switch {
	case bytes.HasSuffix(line, crlf):
		return line[:len(line)-2], crlf
	case bytes.HasSuffix(line, lf):
		return line[:len(line)-1], lf
	}
	return line, nil
}

// delimits reports whether a line is the delimiter, and notes whether it is the closing
// one.
func (s *section) delimits(line []byte) bool {
	if len(line) < len(s.delimiter) || string(line[:len(s.delimiter)]) != s.delimiter {
		return false
	}
	rest := strings.TrimRight(string(line[len(s.delimiter):]), " \t\r\n")
	s.last = rest == "--"
	return rest == "" || s.last
}
