package xmlwire

import (
	"io"
	"strings"
)

// Decoder reads one document. It reads ahead, so the underlying reader must not
// be used afterwards.
type Decoder struct {
	src    io.Reader
	srcErr error
	full   bool   // the last read filled the window
	buf    []byte // window of the document
	pos    int    // next byte of buf to be read
	base   int64  // offset of buf[0] in the document

	limits   Limits
	err      error
	elements int
	rooted   bool // the root element has begun

	open     []frame
	openName []byte    // raw names of the open elements, end to end
	bindings []binding // namespace declarations in scope, innermost last
	endNow   bool      // the innermost element was written <a/>: its end comes next
	cdata    bool      // pos is inside a CDATA section
	current  int       // depth of the element that NextChild moved to

	space Space
	local string
	attrs []attribute

	line, column int // of counted, from 0
	counted      int // end of the counted part of buf; Strict only

	names    map[string]string
	values   map[string]string
	arena    strings.Builder
	scratch  []byte      // a text being assembled
	decoded  []byte      // a run of it
	attrText []byte      // a value of an attribute
	stream   *TextReader // the reader of the current element's text, if any
	memory   *memory     // given back by Release; nil afterwards
}

// frame is an open element.
type frame struct {
	name     int // start of its raw name in openName
	local    string
	space    Space
	bindings int // number of declarations in scope outside it
}

type binding struct {
	prefix, uri string
	space       Space
}

// NewDecoder returns a decoder for one document. See [Decoder.Release].
func NewDecoder(r io.Reader, limits Limits) *Decoder {
	m := memories.Get().(*memory)
	return &Decoder{
		src:      r,
		buf:      m.buf,
		limits:   limits.withDefaults(),
		open:     m.open,
		openName: m.openName,
		bindings: m.bindings,
		attrs:    m.attrs,
		names:    m.names,
		values:   m.values,
		scratch:  m.scratch,
		decoded:  m.decoded,
		memory:   m,
	}
}

// Err returns the first error, or nil if there was none.
func (d *Decoder) Err() error { return d.err }

// Depth returns the number of open elements, including the current one.
func (d *Decoder) Depth() int { return len(d.open) }

// Offset returns the number of bytes of the document that have been read.
func (d *Decoder) Offset() int64 { return d.base + int64(d.pos) }

// Space returns the namespace of the element that [Decoder.NextChild] last moved
// to.
func (d *Decoder) Space() Space { return d.space }

// Local returns the local name of that element.
func (d *Decoder) Local() string { return d.local }

// Is reports whether that element has the given name.
func (d *Decoder) Is(space Space, local string) bool {
	return d.space == space && d.local == local
}

// Path returns the local names of the open elements, joined by slashes. An ellipsis
// replaces names too long for EWS: half of an echo in such a name would not be recognised
// as one.
func (d *Decoder) Path() string {
	const longest = 64
	var b strings.Builder
	for i, f := range d.open {
		if i > 0 {
			b.WriteByte('/')
		}
		if len(f.local) > longest {
			b.WriteString("…")
			continue
		}
		b.WriteString(f.local)
	}
	return b.String()
}

// NextChild moves to the next child of the element that was current when [Decoder.Depth]
// returned depth, and makes it current. It skips the unread rest of the previous child.
// It returns false if the parent has ended, or on an error. Depth 0 means the document,
// whose only child is the root.
func (d *Decoder) NextChild(depth int) bool {
	d.stream = nil
	if len(d.open) < depth {
		return false
	}
	for d.err == nil {
		switch d.token() {
		case tokenStart:
			if len(d.open) == depth+1 {
				d.current = len(d.open)
				return true
			}
		case tokenEnd:
			if len(d.open) < depth {
				return false
			}
		case tokenEOF:
			if depth > 0 || len(d.open) > 0 || !d.rooted {
				d.cut()
			}
			return false
		}
	}
	return false
}

// Skip skips the rest of the current element, children and text. Skipped text is
// not checked, so errors in it are not found.
func (d *Decoder) Skip() {
	d.stream = nil
	if d.isOpen() {
		d.leave(d.current)
	}
}

// leave reads past the end of the open element at depth.
func (d *Decoder) leave(depth int) {
	for d.err == nil && len(d.open) >= depth {
		if d.token() == tokenEOF {
			d.cut()
		}
	}
}

// isOpen reports whether the element that NextChild last moved to has not ended.
func (d *Decoder) isOpen() bool { return d.current > 0 && len(d.open) >= d.current }

// Finish reads to the end of the document, which must not contain another element
// or text after its root, and returns the first error.
func (d *Decoder) Finish() error {
	d.stream = nil
	for d.err == nil {
		if d.token() == tokenEOF {
			if len(d.open) > 0 || !d.rooted {
				d.cut()
			}
			break
		}
	}
	return d.err
}

// cut records that the document ends too early.
func (d *Decoder) cut() { d.fail(io.ErrUnexpectedEOF, "the document ends early") }

func (d *Decoder) fail(err error, detail string) {
	if d.err == nil {
		d.err = &Error{Path: d.Path(), Offset: d.Offset(), Detail: detail, Err: err}
	}
}
