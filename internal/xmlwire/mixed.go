package xmlwire

import "strings"

// NextChildText is [Decoder.NextChild] for content in which text between the
// children matters: it appends to text what stands before the child, or before
// the end of the parent.
func (d *Decoder) NextChildText(depth int, text *strings.Builder) bool {
	if depth == 0 {
		return d.NextChild(0) // text is not allowed there
	}
	d.stream = nil
	if len(d.open) < depth {
		return false
	}
	if len(d.open) > depth {
		d.leave(depth + 1)
	}
	t := textCursor{d: d, decoded: d.decoded[:0]}
	defer func() { d.decoded = t.decoded }()
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
			d.current = len(d.open)
			return true
		case tokenEnd:
			return false
		default:
			d.cut()
			return false
		}
	}
}
