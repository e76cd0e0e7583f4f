package xmlwire

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// maxReference is the maximum length of a reference that is decoded. A longer one
// that names a character must be padded with zeros.
const maxReference = 32

// appendReferences appends text with its references decoded. A reference to a
// character that XML forbids yields that character, and a malformed reference is
// appended as it is; under Strict, both are errors.
func (d *Decoder) appendReferences(dst, text []byte) []byte {
	for len(text) > 0 {
		amp := bytes.IndexByte(text, '&')
		if amp < 0 {
			return d.appendPlain(dst, text)
		}
		dst = d.appendPlain(dst, text[:amp])
		text = text[amp:]
		n := bytes.IndexByte(text[:min(len(text), maxReference)], ';')
		r, ok := rune(0), false
		if n > 0 {
			r, ok = reference(text[1:n])
		}
		if ok && isSurrogate(r, text[n+1:]) {
			low, m := lowSurrogate(text[n+1:])
			r, n = (r-0xD800)<<10|(low-0xDC00)+0x10000, n+m
		}
		if d.limits.Strict && (!ok || Forbidden(r)) {
			d.fail(ErrSyntax, "a reference that XML 1.0 forbids")
		}
		if !ok {
			dst = append(dst, '&')
			text = text[1:]
			continue
		}
		dst = utf8.AppendRune(dst, r)
		text = text[n+1:]
	}
	return dst
}

// appendPlain appends text without references.
func (d *Decoder) appendPlain(dst, text []byte) []byte {
	if d.limits.Strict && forbiddenAt(text) >= 0 {
		d.fail(ErrSyntax, "a character that XML 1.0 forbids")
	}
	return append(dst, text...)
}

// isSurrogate reports whether r is the first half of a surrogate pair whose other
// half begins rest. Some writers encode characters beyond the basic plane that
// way.
func isSurrogate(r rune, rest []byte) bool {
	if r < 0xD800 || r > 0xDBFF {
		return false
	}
	_, n := lowSurrogate(rest)
	return n > 0
}

func lowSurrogate(b []byte) (rune, int) {
	if len(b) == 0 || b[0] != '&' {
		return 0, 0
	}
	n := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if n < 0 {
		return 0, 0
	}
	r, ok := reference(b[1:n])
	if !ok || r < 0xDC00 || r > 0xDFFF {
		return 0, 0
	}
	return r, n + 1
}

// reference returns the character of a reference; name excludes & and ;.
func reference(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune {
		return 0, false
	}
	return rune(n), true
}

// Forbidden reports whether XML 1.0 forbids a character.
func Forbidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case r < ' ', r == 0xFFFE, r == 0xFFFF, r >= 0xD800 && r <= 0xDFFF, r > utf8.MaxRune:
		return true
	}
	return false
}

// forbiddenAt returns the position of the first forbidden or malformed character in b, or
// -1 if all are allowed.
func forbiddenAt(b []byte) int {
	for i := 0; i < len(b); {
		// Check eight characters together if all are from space to DEL.
		if i+8 <= len(b) {
			const high, space = 0x8080808080808080, 0x2020202020202020
			if w := binary.LittleEndian.Uint64(b[i:]); w&high == 0 && (w-space)&high == 0 {
				i += 8
				continue
			}
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || Forbidden(r) {
			return i
		}
		i += n
	}
	return -1
}
