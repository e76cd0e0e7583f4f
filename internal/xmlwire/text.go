package xmlwire

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// Text returns the text of the current element and ends it. Text inside of
// child elements is left out.
func (d *Decoder) Text() string {
	if d.endNow {
		d.markup()
		return ""
	}
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

// simpleText returns the text of the current element if it is all in the
// window and needs no decoding, and ends the element. The bytes are valid until
// the decoder moves on.
func (d *Decoder) simpleText() ([]byte, bool) {
	if d.err != nil || d.endNow || d.limits.Strict {
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
// neighbours, which keeps the cost of a page of items down.
func (d *Decoder) keep(b []byte) string {
	const chunk = 4 << 10
	if len(b) == 0 {
		return ""
	}
	if len(b) > chunk/4 {
		return string(b)
	}
	if d.arena.Cap()-d.arena.Len() < len(b) {
		d.arena.Reset()
		d.arena.Grow(chunk)
	}
	start := d.arena.Len()
	d.arena.Write(b)
	return d.arena.String()[start:]
}

// AppendText appends the text of the current element to dst and ends the
// element, under the same conditions as [Decoder.Text].
func (d *Decoder) AppendText(dst []byte) []byte {
	limit := len(dst) + d.limits.MaxText
	t := textCursor{d: d, depth: len(d.open)}
	for {
		run, ok := t.text()
		if !ok {
			return dst
		}
		dst = append(dst, run...)
		if len(dst) > limit {
			d.fail(ErrLimit, "a text is too long")
			return dst
		}
	}
}

// textCursor steps through the text of one element in runs.
type textCursor struct {
	d       *Decoder
	depth   int  // of the element
	cdata   bool // inside of a CDATA section
	afterCR bool // the run before ended in a carriage return
	decoded []byte
}

// text returns the next run of the text, with that of child elements left out.
// It returns false when the element has ended, and on an error.
func (t *textCursor) text() ([]byte, bool) {
	d := t.d
	for {
		switch run, k := t.next(); k {
		case tokenText:
			return run, true
		case tokenStart:
			d.Skip()
		case tokenEnd:
			return nil, false
		default:
			d.fail(io.ErrUnexpectedEOF, "the document ends early")
			return nil, false
		}
	}
}

// next comes to the next run of text, with line ends and references put right,
// or to a tag. The run is valid until the decoder moves on.
func (t *textCursor) next() ([]byte, tokenKind) {
	d := t.d
	for d.err == nil {
		if t.cdata {
			if run := t.cdataRun(); len(run) > 0 {
				return run, tokenText
			}
			continue
		}
		switch k := d.markup(); k {
		case tokenText:
			if d.buf[d.pos] == '<' {
				d.pos += len(cdataBegin)
				t.cdata = true
				continue
			}
			if run := t.charData(); len(run) > 0 {
				return run, tokenText
			}
		case tokenOther:
		default:
			return nil, k
		}
	}
	return nil, tokenEOF
}

// charData takes character data up to the next tag, or to the end of the
// window.
func (t *textCursor) charData() []byte {
	d := t.d
	run := d.buf[d.pos:]
	if i := bytes.IndexByte(run, '<'); i >= 0 {
		run = run[:i]
	} else if amp := bytes.LastIndexByte(run, '&'); amp >= 0 && len(run)-amp < maxReference && bytes.IndexByte(run[amp:], ';') < 0 {
		// A reference may go on behind the window.
		if amp > 0 {
			run = run[:amp]
		} else if d.fill(d.limits.MaxTag) {
			return nil
		}
	}
	d.pos += len(run)
	return t.clean(run, true)
}

func (t *textCursor) cdataRun() []byte {
	d := t.d
	run := d.buf[d.pos:]
	if i := bytes.Index(run, []byte(cdataEnd)); i >= 0 {
		run = run[:i]
		d.pos += i + len(cdataEnd)
		t.cdata = false
		return t.clean(run, false)
	}
	if len(run) < len(cdataEnd) {
		if !d.fill(d.limits.MaxTag) {
			d.fail(io.ErrUnexpectedEOF, "the document ends early")
		}
		return nil
	}
	run = run[:len(run)-len(cdataEnd)+1]
	d.pos += len(run)
	return t.clean(run, false)
}

// clean turns line ends into line feeds (XML 1.0, 2.11) and decodes references.
func (t *textCursor) clean(run []byte, references bool) []byte {
	if t.afterCR && len(run) > 0 {
		if run[0] == '\n' {
			run = run[1:]
		}
		t.afterCR = false
	}
	hasCR := bytes.IndexByte(run, '\r') >= 0
	if !t.d.limits.Strict && !hasCR && (!references || bytes.IndexByte(run, '&') < 0) {
		return run
	}
	if hasCR {
		t.afterCR = run[len(run)-1] == '\r'
		run = bytes.ReplaceAll(run, []byte("\r\n"), []byte("\n"))
		run = bytes.ReplaceAll(run, []byte("\r"), []byte("\n"))
	}
	t.decoded = t.d.appendReferences(t.decoded[:0], run, references)
	return t.decoded
}

// maxReference is the length of the longest reference that is decoded.
const maxReference = 16

// appendReferences appends text with its references decoded. A reference to a
// character that XML forbids gives that character; what is no reference is
// handed on as it stands, save under Strict, where both are errors.
func (d *Decoder) appendReferences(dst, text []byte, references bool) []byte {
	for len(text) > 0 {
		amp := -1
		if references {
			amp = bytes.IndexByte(text, '&')
		}
		plain := text
		if amp >= 0 {
			plain = text[:amp]
		}
		if d.limits.Strict {
			if i := forbiddenAt(plain); i >= 0 {
				d.fail(ErrSyntax, "a character that XML 1.0 forbids")
			}
		}
		dst = append(dst, plain...)
		if amp < 0 {
			return dst
		}
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

// isSurrogate reports whether r is the first half of a pair whose other half
// stands at the beginning of rest, as some writers spell what lies beyond the
// basic plane.
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

// reference returns what a reference stands for; name is without & and ;.
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

// forbiddenAt returns where the first forbidden or malformed character of b
// is, -1 if there is none.
func forbiddenAt(b []byte) int {
	for i := 0; i < len(b); {
		if c := b[i]; c >= ' ' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || Forbidden(r) {
			return i
		}
		i += n
	}
	return -1
}

// Bool returns the text of the current element as an xs:boolean and ends the
// element. Anything else is an error.
func (d *Decoder) Bool() bool {
	switch s := bytes.TrimSpace(d.shortText()); string(s) {
	case "true", "1":
		return true
	case "false", "0":
	default:
		d.fail(ErrValue, "not a boolean")
	}
	return false
}

// Int64 returns the text of the current element as a number and ends the
// element. Anything else is an error.
func (d *Decoder) Int64() int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(d.shortText())), 10, 64)
	if err != nil {
		d.fail(ErrValue, "not a number")
	}
	return n
}

// Time returns the text of the current element as an xs:dateTime in UTC and
// ends the element. A time without a zone is taken for UTC.
func (d *Decoder) Time() time.Time {
	t, err := ParseTime(string(bytes.TrimSpace(d.shortText())))
	if err != nil {
		d.fail(ErrValue, "not a time")
	}
	return t
}

// ParseTime reads an xs:dateTime, with or without a zone; without one it is
// UTC.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: not an xs:dateTime", ErrValue)
}

func (d *Decoder) shortText() []byte {
	if run, ok := d.simpleText(); ok {
		return run
	}
	d.scratch = d.AppendText(d.scratch[:0])
	return d.scratch
}
