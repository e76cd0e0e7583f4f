package xmlwire

import "strings"

// NextChildText is [Decoder.NextChild] for content in which the text between children
// matters: it appends the text that precedes the child, or the end of the parent, to
// text.
func (d *Decoder) NextChildText(depth int, text *strings.Builder) bool {
	if depth == 0 {
		return d.NextChild(0) // text is not allowed there
	}
	if len(d.open) < depth {
		return false
	}
	if len(d.open) > depth {
		d.stream = nil
		d.leave(depth + 1)
	}
	t, run := d.cursor()
	for k := tokenText; ; run, k = t.next() {
		switch k {
		case tokenText:
			if len(run) > d.limits.MaxText-text.Len() {
				d.fail(ErrLimit, "a text is too long")
				return false
			}
			text.Write(run)
			continue
		case tokenStart:
			d.current = len(d.open)
		case tokenEnd:
		default:
			d.cut()
		}
		d.decoded = t.decoded
		return k == tokenStart
	}
}
