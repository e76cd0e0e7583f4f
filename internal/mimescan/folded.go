package mimescan

import (
	"bufio"
	"io"
)

// newUnfold undoes the folding of lines in iCalendar (RFC 5545, section 3.1) and vCard.
// Folding breaks links.
func newUnfold(r *bufio.Reader) io.Reader {
	return &decoder{fill: func(dst []byte) ([]byte, error) {
		for len(dst) < cap(dst)-2 {
			c, err := r.ReadByte()
			if err != nil {
				return dst, err
			}
			if c == '\r' || c == '\n' {
				n := 0
				next, _ := r.Peek(2)
				if c == '\r' && len(next) > 0 && next[0] == '\n' {
					n = 1
				}
				if len(next) > n && (next[n] == ' ' || next[n] == '\t') {
					_, _ = r.Discard(n + 1)
					continue
				}
			}
			dst = append(dst, c)
		}
		return dst, nil
	}}
}

// newUnescape undoes the escapes of texts in iCalendar (RFC 5545, section 3.3.11).
func newUnescape(r *bufio.Reader) io.Reader {
	return &decoder{fill: func(dst []byte) ([]byte, error) {
		for len(dst) < cap(dst)-2 {
			c, err := r.ReadByte()
			if err != nil {
				return dst, err
			}
			if next, _ := r.Peek(1); c == '\\' && len(next) == 1 {
				switch next[0] {
				case 'n', 'N':
					c = '\n'
					_, _ = r.Discard(1)
				case ',', ';', '\\', ':', '"':
					c = next[0]
					_, _ = r.Discard(1)
				}
			}
			dst = append(dst, c)
		}
		return dst, nil
	}}
}

// newUnflow joins the lines of a text in format=flowed; delsp=yes (RFC 3676, section
// 4.3): it removes a blank at the end of a line, and quote marks before the next one.
func newUnflow(r *bufio.Reader) io.Reader {
	return &decoder{fill: func(dst []byte) ([]byte, error) {
		for len(dst) < cap(dst)-2 {
			c, err := r.ReadByte()
			if err != nil {
				return dst, err
			}
			if c != ' ' {
				dst = append(dst, c)
				continue
			}
			next, _ := r.Peek(2)
			n := 0
			switch {
			case len(next) > 0 && next[0] == '\n':
				n = 1
			case string(next) == "\r\n":
				n = 2
			default:
				dst = append(dst, c)
				continue
			}
			_, _ = r.Discard(n)
			for next, _ = r.Peek(1); len(next) == 1 && next[0] == '>'; next, _ = r.Peek(1) {
				_, _ = r.Discard(1)
			}
			if len(next) == 1 && next[0] == ' ' {
				_, _ = r.Discard(1) // space-stuffing
			}
		}
		return dst, nil
	}}
}
