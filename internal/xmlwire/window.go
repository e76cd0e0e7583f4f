package xmlwire

import (
	"bytes"
	"io"
)

// The window starts small, because most answers are small, and is enlarged as soon as a
// document fills it.
const (
	smallWindow = 4 << 10
	largeWindow = 32 << 10
)

// fill reads more of the document into the window, keeping the bytes from pos on.
// It returns false at the end of the document, on an error, and if MaxTag bytes
// would have to be kept.
func (d *Decoder) fill() bool {
	if d.srcErr != nil || d.err != nil {
		return false
	}
	if d.pos > 0 {
		if d.limits.Strict {
			d.mark(max(d.pos, d.counted))
			d.counted -= d.pos
		}
		n := copy(d.buf, d.buf[d.pos:])
		d.buf = d.buf[:n]
		d.base += int64(d.pos)
		d.pos = 0
	}
	if len(d.buf) >= d.limits.MaxTag {
		d.fail(ErrLimit, "a tag is too long")
		return false
	}
	if len(d.buf) == cap(d.buf) || d.full && cap(d.buf) < largeWindow {
		grown := make([]byte, len(d.buf), max(2*cap(d.buf), min(8*cap(d.buf), largeWindow)))
		copy(grown, d.buf)
		d.buf = grown
	}
	for range 100 {
		n, err := d.src.Read(d.buf[len(d.buf):cap(d.buf)])
		d.buf = d.buf[:len(d.buf)+n]
		if err != nil {
			d.srcErr = err
			if err != io.EOF {
				// The data read with the error cannot be trusted either.
				d.fail(err, "")
				return false
			}
		}
		d.full = len(d.buf) == cap(d.buf)
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	d.fail(io.ErrNoProgress, "")
	return false
}

// window makes at least n bytes from pos on available and reports whether that
// was possible.
func (d *Decoder) window(n int) bool {
	for len(d.buf)-d.pos < n {
		if !d.fill() {
			return false
		}
	}
	return true
}

// find returns the distance from pos to the first occurrence of c that is at
// least from away, reading more as needed, or -1 if c does not occur.
func (d *Decoder) find(c byte, from int) int {
	for {
		if have := len(d.buf) - d.pos; have > from {
			if i := bytes.IndexByte(d.buf[d.pos+from:], c); i >= 0 {
				return from + i
			}
			from = have
		}
		if !d.fill() {
			return -1
		}
	}
}

// discard skips everything up to and including sep without keeping it.
func (d *Decoder) discard(sep string) bool {
	for {
		if i := bytes.Index(d.buf[d.pos:], []byte(sep)); i >= 0 {
			d.pos += i + len(sep)
			return true
		}
		d.pos = max(d.pos, len(d.buf)-len(sep)+1)
		if !d.fill() {
			d.cut()
			return false
		}
	}
}
