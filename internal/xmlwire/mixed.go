package xmlwire

import (
	"io"
	"strings"
)

// NextChildText is [Decoder.NextChild] for content in which text between the
// children matters: it appends to text what stands before the child, or before
// the end of the parent.
func (d *Decoder) NextChildText(depth int, text *strings.Builder) bool {
	if len(d.open) < depth {
		return false
	}
	for d.err == nil && len(d.open) > depth {
		d.Skip()
	}
	t := textCursor{d: d, depth: depth}
	for {
		run, k := t.next()
		switch k {
		case tokenText:
			if len(run) > d.limits.MaxText-text.Len() {
				d.fail(ErrLimit, "a text is too long")
				return false
			}
			text.Write(run)
		case tokenStart:
			return true
		case tokenEnd:
			return false
		default:
			if d.err == nil && (depth > 0 || !d.rooted) {
				d.fail(io.ErrUnexpectedEOF, "the document ends early")
			}
			return false
		}
	}
}
