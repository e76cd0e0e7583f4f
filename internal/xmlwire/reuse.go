package xmlwire

import (
	"errors"
	"sync"
)

// memory is what a decoder leaves to the next one: for short documents, allocating it
// costs more than reading them.
type memory struct {
	buf              []byte
	names, values    map[string]string
	scratch, decoded []byte
	open             []frame
	openName         []byte
	bindings         []binding
	attrs            []attribute
}

var memories = sync.Pool{New: func() any {
	return &memory{
		buf:    make([]byte, 0, smallWindow),
		names:  make(map[string]string, 64),
		values: make(map[string]string, 16),
		open:   make([]frame, 0, 16),
		attrs:  make([]attribute, 0, 8),
	}
}}

// Most documents have fewer names than this. A table that an odd document has filled is
// not kept, nor is a window larger than usual.
const namesKept = 256

var errReleased = errors.New("the decoder was released")

// Release gives back the memory of a decoder that is no longer needed: any later read is
// an error. Strings that the decoder returned stay valid, but its readers end.
func (d *Decoder) Release() {
	m := d.memory
	if m == nil {
		return
	}
	if cap(d.buf) <= largeWindow && cap(d.scratch) <= largeWindow && cap(d.decoded) <= largeWindow && cap(d.openName) <= largeWindow && len(d.names) <= namesKept {
		clear(d.values)
		clear(d.bindings[:cap(d.bindings)]) // so that no text of a document stays alive
		clear(d.open[:cap(d.open)])
		clear(d.attrs[:cap(d.attrs)])
		m.buf, m.scratch, m.decoded = d.buf[:0], d.scratch[:0], d.decoded[:0]
		m.open, m.openName, m.bindings, m.attrs = d.open[:0], d.openName[:0], d.bindings[:0], d.attrs[:0]
		memories.Put(m)
	}
	d.memory, d.buf, d.names, d.values, d.scratch, d.decoded = nil, nil, nil, nil, nil, nil
	d.open, d.openName, d.bindings, d.attrs = nil, nil, nil, nil
	d.pos, d.counted = 0, 0
	if d.err == nil {
		d.err = errReleased
	}
}
