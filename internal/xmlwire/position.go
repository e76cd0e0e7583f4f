package xmlwire

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// Position returns the line and column of the name of the last start tag, or of
// an error, counted from 1. Columns count characters. Without [Limits.Strict] both
// are 0.
func (d *Decoder) Position() (line, column int) {
	if !d.limits.Strict {
		return 0, 0
	}
	if d.err != nil {
		d.mark(max(d.pos, d.counted))
	}
	return d.line + 1, d.column + 1
}

// mark counts lines and columns up to a position in the window.
func (d *Decoder) mark(to int) {
	passed := d.buf[d.counted:to]
	d.counted = to
	if n := bytes.Count(passed, []byte("\n")); n > 0 {
		d.line += n
		d.column = 0
		passed = passed[bytes.LastIndexByte(passed, '\n')+1:]
	}
	d.column += characters(passed)
}

// characters counts the characters that begin in b, which may begin or end in the
// middle of one.
func characters(b []byte) int {
	n := 0
	for len(b) >= 8 && binary.LittleEndian.Uint64(b)&0x8080808080808080 == 0 {
		n += 8
		b = b[8:]
	}
	for _, c := range b {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}
