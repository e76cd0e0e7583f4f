package graph

import (
	"encoding/base64"
	"errors"
	"strings"
)

var errBase64 = errors.New("the export is not base64")

// base64Check checks, as a text passes by, that it is complete base64 and does not end in
// the marker with which Exchange ends an export that it cuts off.
type base64Check struct {
	n      int64
	equals int
	tail   []byte
}

// tailLength is how much of the end is examined: more than the length of the marker in
// base64, even as UTF-16. It is a multiple of 4.
const tailLength = 128

// add examines the next characters.
func (c *base64Check) add(p []byte) error {
	for _, b := range p {
		switch {
		case b == '=':
			if c.equals++; c.equals > 2 {
				return errBase64
			}
		case c.equals > 0:
			return errBase64
		case b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z', b >= '0' && b <= '9', b == '+', b == '/':
		default:
			return errBase64
		}
	}
	c.n += int64(len(p))
	if len(p) > tailLength {
		p = p[len(p)-tailLength:]
	}
	c.tail = append(c.tail, p...)
	if over := len(c.tail) - tailLength; over > 0 {
		c.tail = append(c.tail[:0], c.tail[over:]...)
	}
	return nil
}

// end judges the whole text.
func (c *base64Check) end() error {
	if c.n == 0 || c.n%4 != 0 {
		return ErrTruncated
	}
	// The tail begins at a multiple of 4, because the length of the whole is one.
	plain, err := base64.StdEncoding.DecodeString(string(c.tail))
	if err != nil {
		return errBase64
	}
	squeezed := strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, string(plain))
	if strings.HasSuffix(strings.ToLower(squeezed), "===truncateddata===") {
		return ErrTruncated
	}
	return nil
}
