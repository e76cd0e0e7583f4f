package mimescan

import (
	"bufio"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// decoded undoes the transfer encoding; an unknown one is ignored.
func (p part) decoded(r *bufio.Reader) io.Reader {
	switch p.encoding {
	case "base64":
		return newBase64(r)
	case "quoted-printable":
		return newQuoted(r)
	}
	return r
}

// decoder returns the output of fill, piece by piece.
type decoder struct {
	// fill appends the next piece to an empty slice. It returns the last one along with
	// io.EOF.
	fill func(dst []byte) ([]byte, error)
	buf  [1024]byte
	out  []byte
	err  error
}

func (d *decoder) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.out, d.err = d.fill(d.buf[:0])
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// newBase64 decodes base64 and ignores other characters. After padding it starts
// again, because encoded pieces may have been concatenated.
func newBase64(r *bufio.Reader) io.Reader {
	var bits uint32
	count := 0 // of the characters in bits
	padded := func(dst []byte) []byte {
		switch count {
		case 2:
			dst = append(dst, byte(bits>>4))
		case 3:
			dst = append(dst, byte(bits>>10), byte(bits>>2))
		}
		bits, count = 0, 0
		return dst
	}
	return &decoder{fill: func(dst []byte) ([]byte, error) {
		if _, err := r.Peek(1); err != nil {
			return padded(dst), err
		}
		// Up to three characters are pending, so dst has room for what these make.
		ahead, _ := r.Peek(min(r.Buffered(), cap(dst)-2))
		for _, c := range ahead {
			v := base64Values[c]
			switch {
			case v > 0:
				bits, count = bits<<6|uint32(v-1), count+1
				if count == 4 {
					dst = append(dst, byte(bits>>16), byte(bits>>8), byte(bits))
					bits, count = 0, 0
				}
			case c == '=':
				dst = padded(dst)
			}
		}
		_, err := r.Discard(len(ahead))
		return dst, err
	}}
}

// base64Values has the values of the alphabet plus one; 0 means any other byte.
var base64Values = func() (values [256]byte) {
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		values[c] = byte(i + 1)
	}
	return values
}()

// newQuoted decodes quoted-printable and keeps malformed sequences. It drops
// blanks at the end of a line (RFC 2045, section 6.7).
func newQuoted(r *bufio.Reader) io.Reader {
	var blanks []byte
	return &decoder{fill: func(dst []byte) ([]byte, error) {
		for len(dst) < cap(dst)/2 {
			if _, err := r.Peek(1); err != nil {
				return dst, err
			}
			ahead, _ := r.Peek(min(r.Buffered(), cap(dst)/2-len(dst)))
			read := 0
			for _, c := range ahead {
				if (c == ' ' || c == '\t') && len(blanks) < cap(dst)/4 {
					blanks = append(blanks, c)
					read++
					continue
				}
				if len(blanks) > 0 {
					if c != '\r' && c != '\n' {
						dst = append(dst, blanks...)
					}
					blanks = blanks[:0]
				}
				read++
				if c == '=' {
					break
				}
				dst = append(dst, c)
			}
			_, _ = r.Discard(read)
			if read > 0 && ahead[read-1] == '=' {
				dst = escape(dst, r)
			}
		}
		return dst, nil
	}}
}

// escape decodes what follows an equals sign.
func escape(dst []byte, r *bufio.Reader) []byte {
	if next, _ := r.Peek(2); len(next) == 2 {
		if v, ok := mimeparam.HexByte(next[0], next[1]); ok {
			_, _ = r.Discard(2)
			return append(dst, v)
		}
	}
	// A soft line break, even with blanks added by a gateway.
	ahead, _ := r.Peek(64)
	for i, c := range ahead {
		switch c {
		case ' ', '\t', '\r':
			continue
		case '\n':
			_, _ = r.Discard(i + 1)
			return dst
		}
		break
	}
	if len(ahead) == 0 {
		return dst
	}
	return append(dst, '=')
}
