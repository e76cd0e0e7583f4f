package xmlwire

import (
	"bytes"
	"unicode/utf8"
)

// Text returns the text of the current element and ends it, or "" if it has ended
// already. Text inside child elements is omitted.
func (d *Decoder) Text() string {
	if run, ok := d.simpleText(); ok {
		return d.keep(run)
	}
	d.scratch = d.AppendText(d.scratch[:0])
	if d.err != nil {
		return ""
	}
	return d.keep(d.scratch)
}

// TextInterned is Text for values that are few and repeated, such as item
// classes: it returns the same string for the same text.
func (d *Decoder) TextInterned() string {
	if run, ok := d.simpleText(); ok {
		return intern(d.values, run)
	}
	d.scratch = d.AppendText(d.scratch[:0])
	if d.err != nil {
		return ""
	}
	return intern(d.values, d.scratch)
}

// simpleText returns the text of the current element and ends it, if all of it is
// in the window and needs no decoding. The bytes are valid until the decoder moves
// on.
func (d *Decoder) simpleText() ([]byte, bool) {
	if d.err != nil || d.endNow || d.cdata || d.stream != nil || d.limits.Strict || !d.isOpen() {
		return nil, false
	}
	b := d.buf[d.pos:]
	i := bytes.IndexByte(b, '<')
	if i < 0 || i > d.limits.MaxText || bytes.IndexByte(b[:i], '&') >= 0 || bytes.IndexByte(b[:i], '\r') >= 0 {
		return nil, false
	}
	name := d.openName[d.open[len(d.open)-1].name:]
	end := i + 2 + len(name)
	if len(b) <= end || b[i+1] != '/' || b[end] != '>' || !bytes.Equal(b[i+2:end], name) {
		return nil, false
	}
	d.pos += end + 1
	d.pop()
	return b[:i], true
}

// keep returns b as a string. Short strings share an allocation with their
// neighbours, which reduces the cost of a page of items.
func (d *Decoder) keep(b []byte) string {
	const first, chunk = 512, 4 << 10 // most answers have few strings
	if len(b) == 0 {
		return ""
	}
	if len(b) > chunk/4 {
		return string(b)
	}
	if d.arena.Cap()-d.arena.Len() < len(b) {
		n := min(max(first, 4*d.arena.Cap()), chunk)
		d.arena.Reset()
		d.arena.Grow(max(n, len(b)))
	}
	start := d.arena.Len()
	d.arena.Write(b)
	return d.arena.String()[start:]
}

// AppendText appends the text of the current element to dst and ends the element,
// like [Decoder.Text].
func (d *Decoder) AppendText(dst []byte) []byte {
	t, run := d.cursor()
	if !d.isOpen() {
		return dst
	}
	before := len(dst)
	for ok := true; ok; run, ok = t.text() {
		if len(run) > d.limits.MaxText-(len(dst)-before) {
			d.fail(ErrLimit, "a text is too long")
			break
		}
		dst = append(dst, run...)
	}
	d.decoded = t.decoded
	return dst
}

// cursor starts reading text. If a [TextReader] has already started, the cursor continues
// where it stopped, and run is the rest of its current run.
func (d *Decoder) cursor() (t textCursor, run []byte) {
	if s := d.stream; s != nil {
		d.stream = nil
		if !s.done {
			s.cursor.raw = false
			return s.cursor, s.rest
		}
	}
	return textCursor{d: d, decoded: d.decoded[:0]}, nil
}

// textCursor steps through the text of the current element in runs.
type textCursor struct {
	d       *Decoder
	raw     bool // leave carriage returns as they are
	afterCR bool // the previous run ended in a carriage return
	decoded []byte
}

// text returns the next run of the text, without the text of child elements. It returns
// false if the element has ended, or on an error.
func (t *textCursor) text() ([]byte, bool) {
	d := t.d
	for {
		switch run, k := t.next(); k {
		case tokenText:
			return run, true
		case tokenStart:
			d.leave(len(d.open))
		case tokenEnd:
			return nil, false
		default:
			d.cut()
			return nil, false
		}
	}
}

// next moves to the next run of text, with line ends and references resolved, or
// to a tag. The run is valid until the decoder moves on.
func (t *textCursor) next() ([]byte, tokenKind) {
	d := t.d
	for d.err == nil {
		inside := d.cdata
		k := d.markup()
		if k != tokenText {
			t.afterCR = false // a line feed would not follow it directly
			if k == tokenOther {
				continue
			}
			return nil, k
		}
		var run []byte
		if d.cdata {
			if !inside {
				t.afterCR = false
			}
			run = t.cdataRun()
		} else {
			run = t.charData()
		}
		if len(run) > 0 {
			return run, tokenText
		}
	}
	return nil, tokenEOF
}

// charData takes character data up to the next tag or the end of the window.
func (t *textCursor) charData() []byte {
	d := t.d
	run := d.buf[d.pos:]
	if i := bytes.IndexByte(run, '<'); i >= 0 {
		run = run[:i]
	} else {
		// A reference, or a pair of them, may continue beyond the window.
		whole := d.wholeCharacters(run)
		tail := max(0, len(run)-2*maxReference)
		if amp := bytes.IndexByte(run[tail:], '&'); amp >= 0 {
			whole = min(whole, tail+amp)
		}
		if whole == 0 && d.fill() {
			return nil
		}
		if whole > 0 {
			run = run[:whole]
		}
	}
	d.pos += len(run)
	return t.clean(run, true)
}

// cdataRun takes text of a CDATA section up to its end or the end of the window.
func (t *textCursor) cdataRun() []byte {
	d := t.d
	run := d.buf[d.pos:]
	if i := bytes.Index(run, []byte(cdataEnd)); i >= 0 {
		d.pos += i + len(cdataEnd)
		d.cdata = false
		run = t.clean(run[:i], false)
		t.afterCR = false
		return run
	}
	n := d.wholeCharacters(run[:max(0, len(run)-len(cdataEnd)+1)])
	if n == 0 {
		if !d.fill() {
			d.cut()
		}
		return nil
	}
	d.pos += n
	return t.clean(run[:n], false)
}

// wholeCharacters returns the length of b without an incomplete character at its
// end. Only a strict decoder checks characters.
func (d *Decoder) wholeCharacters(b []byte) int {
	if d.limits.Strict {
		for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
			if utf8.RuneStart(b[i]) {
				if !utf8.FullRune(b[i:]) {
					return i
				}
				break
			}
		}
	}
	return len(b)
}

// clean converts line ends to line feeds (XML 1.0, 2.11) and decodes references.
func (t *textCursor) clean(run []byte, references bool) []byte {
	if t.raw {
		if !t.d.limits.Strict && (!references || bytes.IndexByte(run, '&') < 0) {
			return run
		}
		t.decoded = t.append(t.decoded[:0], run, references)
		return t.decoded
	}
	if t.afterCR && len(run) > 0 {
		if run[0] == '\n' {
			run = run[1:]
		}
		t.afterCR = false
	}
	cr := bytes.IndexByte(run, '\r')
	if cr < 0 && !t.d.limits.Strict && (!references || bytes.IndexByte(run, '&') < 0) {
		return run
	}
	dst := t.decoded[:0]
	for ; cr >= 0; cr = bytes.IndexByte(run, '\r') {
		dst = t.append(dst, run[:cr], references)
		dst = append(dst, '\n')
		run = run[cr+1:]
		if len(run) == 0 {
			t.afterCR = true
		} else if run[0] == '\n' {
			run = run[1:]
		}
	}
	t.decoded = t.append(dst, run, references)
	return t.decoded
}

func (t *textCursor) append(dst, run []byte, references bool) []byte {
	if references {
		return t.d.appendReferences(dst, run)
	}
	return t.d.appendPlain(dst, run)
}
