package xmlwire

import (
	"bytes"
	"io"
	"strings"
)

// Decoder reads one document. It reads ahead, so the underlying reader is
// spent afterwards.
type Decoder struct {
	src    io.Reader
	srcErr error
	buf    []byte // window of the document
	pos    int    // next byte of buf to be read
	base   int64  // offset of buf[0] in the document

	limits   Limits
	err      error
	elements int
	rooted   bool // the root element has begun

	open     []frame
	openName []byte    // raw names of the open elements, end to end
	bindings []binding // namespace declarations in force, innermost last
	endNow   bool      // the current element was written <a/>: its end comes next

	space Space
	local string
	attrs []attribute

	line, column int // of counted, from 0
	counted      int // up to where in buf lines are counted; Strict only

	names   map[string]string
	values  map[string]string
	arena   strings.Builder
	scratch []byte
	text    *TextReader // the stream that is being read, if any
}

// frame is an open element.
type frame struct {
	name     int // where its raw name begins in openName
	local    string
	space    Space
	bindings int // declarations in force outside of it
}

type binding struct {
	prefix string
	space  Space
}

// NewDecoder returns a decoder of one document.
func NewDecoder(r io.Reader, limits Limits) *Decoder {
	return &Decoder{
		src:    r,
		buf:    make([]byte, 0, 32<<10),
		limits: limits.withDefaults(),
		open:   make([]frame, 0, 16),
		attrs:  make([]attribute, 0, 8),
		names:  make(map[string]string, 64),
		values: make(map[string]string, 16),
	}
}

// Err returns the first error, nil if there was none.
func (d *Decoder) Err() error { return d.err }

// Depth returns how many elements are open, the current one included.
func (d *Decoder) Depth() int { return len(d.open) }

// Offset returns how many bytes of the document have been read.
func (d *Decoder) Offset() int64 { return d.base + int64(d.pos) }

// Space returns the namespace of the element that the last [Decoder.NextChild]
// came to.
func (d *Decoder) Space() Space { return d.space }

// Local returns the local name of that element.
func (d *Decoder) Local() string { return d.local }

// Is reports whether that element has the given name.
func (d *Decoder) Is(space Space, local string) bool {
	return d.space == space && d.local == local
}

// Path returns the local names of the open elements, joined by slashes.
func (d *Decoder) Path() string {
	var b strings.Builder
	for i, f := range d.open {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(f.local)
	}
	return b.String()
}

// NextChild comes to the next child of the element that was current when
// [Decoder.Depth] returned depth, and makes it current. What has not been read
// of its predecessor is skipped. It returns false when the parent has ended,
// and on an error. Depth 0 stands for the document, whose child is the root.
func (d *Decoder) NextChild(depth int) bool {
	if len(d.open) < depth {
		return false
	}
	for d.err == nil {
		switch d.token() {
		case tokenStart:
			if len(d.open) == depth+1 {
				return true
			}
		case tokenEnd:
			if len(d.open) < depth {
				return false
			}
		case tokenEOF:
			if depth > 0 || len(d.open) > 0 || !d.rooted {
				d.fail(io.ErrUnexpectedEOF, "the document ends early")
			}
			return false
		}
	}
	return false
}

// Skip skips the rest of the current element, children and text.
func (d *Decoder) Skip() {
	depth := len(d.open)
	for d.err == nil && len(d.open) >= depth && depth > 0 {
		if d.token() == tokenEOF {
			d.fail(io.ErrUnexpectedEOF, "the document ends early")
		}
	}
}

// Finish reads to the end of the document, which must hold nothing after its
// root element, and returns the first error.
func (d *Decoder) Finish() error {
	for d.err == nil {
		switch d.token() {
		case tokenStart:
			if len(d.open) == 1 {
				d.fail(ErrSyntax, "a second root element")
			}
		case tokenEOF:
			if len(d.open) > 0 || !d.rooted {
				d.fail(io.ErrUnexpectedEOF, "the document ends early")
			}
			return d.err
		}
	}
	return d.err
}

func (d *Decoder) fail(err error, detail string) {
	if d.err == nil {
		d.err = &Error{Path: d.Path(), Offset: d.Offset(), Detail: detail, Err: err}
	}
}

// fill reads more of the document behind what is in the window from pos on. It
// returns false at the end of the document, on an error, and when more than
// limit bytes would be kept.
func (d *Decoder) fill(limit int) bool {
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
	if len(d.buf) == cap(d.buf) {
		if len(d.buf) >= limit {
			d.fail(ErrLimit, "a tag is too long")
			return false
		}
		grown := make([]byte, len(d.buf), 2*cap(d.buf))
		copy(grown, d.buf)
		d.buf = grown
	}
	for range 100 {
		n, err := d.src.Read(d.buf[len(d.buf):cap(d.buf)])
		d.buf = d.buf[:len(d.buf)+n]
		if err != nil {
			d.srcErr = err
			if err != io.EOF {
				// What was read is no more to be trusted than what is missing.
				d.fail(err, "")
				return false
			}
		}
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

// window makes at least n bytes from pos on available and reports whether
// there are so many.
func (d *Decoder) window(n int) bool {
	for len(d.buf)-d.pos < n {
		if !d.fill(d.limits.MaxTag) {
			return false
		}
	}
	return true
}

// find returns the distance from pos+from to the first occurrence of sep,
// reading more as needed, and -1 if there is none.
func (d *Decoder) find(sep string, from int) int {
	for {
		if len(d.buf)-d.pos >= from {
			if i := bytes.Index(d.buf[d.pos+from:], []byte(sep)); i >= 0 {
				return from + i
			}
			from = max(from, len(d.buf)-d.pos-len(sep)+1)
		}
		if !d.fill(d.limits.MaxTag) {
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
		if !d.fill(d.limits.MaxTag) {
			d.fail(io.ErrUnexpectedEOF, "the document ends early")
			return false
		}
	}
}
