package xmlwire

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrForbidden reports that an [Encoder] was given a character that XML 1.0
// cannot represent.
var ErrForbidden = errors.New("text contains a character that XML 1.0 forbids")

// Encoder writes one document or a part of one. Names are written as given,
// including the prefix, and must come from the program, never from input.
type Encoder struct {
	// References writes forbidden characters as references such as &#x1F;, as
	// Exchange itself does. Otherwise they are errors.
	References bool

	buf     []byte
	open    []string
	inTag   bool // the start tag of the innermost element is not closed yet
	splices []int
	err     error
}

// usualDepth is the maximum number of open elements in most documents.
const usualDepth = 16

// Grow makes room for n bytes.
func (e *Encoder) Grow(n int) { e.buf = slices.Grow(e.buf, n) }

// Reset returns the encoder to its initial state but keeps its memory: earlier results of
// [Encoder.Bytes] and [Encoder.Splices] are no longer valid.
func (e *Encoder) Reset() {
	*e = Encoder{buf: e.buf[:0], open: e.open[:0], splices: e.splices[:0]}
}

// Cap returns the number of bytes for which the encoder has room.
func (e *Encoder) Cap() int { return cap(e.buf) }

// Declaration writes the XML declaration, before the root element.
func (e *Encoder) Declaration() {
	e.buf = append(e.buf, `<?xml version="1.0" encoding="utf-8"?>`...)
}

// Open begins an element.
func (e *Encoder) Open(name string) {
	e.closeTag()
	e.buf = append(e.buf, '<')
	e.buf = append(e.buf, name...)
	if e.open == nil {
		e.open = make([]string, 0, usualDepth)
	}
	e.open = append(e.open, name)
	e.inTag = true
}

// Attr adds an attribute to the element that was just opened.
func (e *Encoder) Attr(name, value string) {
	if !e.inTag {
		panic("xmlwire: Attr after content")
	}
	e.buf = append(e.buf, ' ')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '=', '"')
	e.escape(value, true)
	e.buf = append(e.buf, '"')
}

// Text adds text to the innermost element.
func (e *Encoder) Text(s string) {
	e.closeTag()
	e.escape(s, false)
}

// Raw adds XML, which the caller has checked, to the innermost element.
func (e *Encoder) Raw(text []byte) {
	e.closeTag()
	e.buf = append(e.buf, text...)
}

// Close ends the innermost element.
func (e *Encoder) Close() {
	name := e.open[len(e.open)-1]
	e.open = e.open[:len(e.open)-1]
	if e.inTag {
		e.buf = append(e.buf, '/', '>')
		e.inTag = false
		return
	}
	e.buf = append(e.buf, '<', '/')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '>')
}

// Leaf writes an element that contains only text.
func (e *Encoder) Leaf(name, text string) {
	e.Open(name)
	if text != "" {
		e.Text(text)
	}
	e.Close()
}

// Bool writes a leaf with an xs:boolean.
func (e *Encoder) Bool(name string, v bool) { e.Leaf(name, strconv.FormatBool(v)) }

// Int writes a leaf with a number.
func (e *Encoder) Int(name string, v int64) { e.Leaf(name, strconv.FormatInt(v, 10)) }

// Splice marks the place of large content inside the innermost element. The
// content is not part of [Encoder.Bytes]; [Encoder.Splices] returns its place.
func (e *Encoder) Splice() {
	e.closeTag()
	e.splices = append(e.splices, len(e.buf))
}

// Splices returns the offsets into Bytes of the places marked by Splice.
func (e *Encoder) Splices() []int { return e.splices }

// Bytes returns the XML written so far.
func (e *Encoder) Bytes() []byte { return e.buf }

// Err returns [ErrForbidden] if a forbidden character was written.
func (e *Encoder) Err() error { return e.err }

func (e *Encoder) closeTag() {
	if e.inTag {
		e.buf = append(e.buf, '>')
		e.inTag = false
	}
}

func (e *Encoder) escape(s string, attribute bool) {
	last := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c > '>' && c < utf8.RuneSelf || c >= '\'' && c <= ';' || c == ' ' {
			i++
			continue
		}
		r, n := rune(c), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		var by string
		switch {
		case r == '&':
			by = "&amp;"
		case r == '<':
			by = "&lt;"
		case r == '>':
			by = "&gt;"
		case r == '"' && attribute:
			by = "&quot;"
		case r == '\r':
			// A literal carriage return would be read as a line feed.
			by = "&#xD;"
		case r == '\n' && attribute:
			by = "&#xA;"
		case r == '\t' && attribute:
			by = "&#x9;"
		case r == utf8.RuneError && n == 1:
			by = e.forbidden(utf8.RuneError)
		case Forbidden(r):
			by = e.forbidden(r)
		default:
			i += n
			continue
		}
		e.buf = append(e.buf, s[last:i]...)
		e.buf = append(e.buf, by...)
		i += n
		last = i
	}
	e.buf = append(e.buf, s[last:]...)
}

func (e *Encoder) forbidden(r rune) string {
	if e.References {
		if r == utf8.RuneError {
			return string(r)
		}
		return "&#x" + strings.ToUpper(strconv.FormatInt(int64(r), 16)) + ";"
	}
	if e.err == nil {
		e.err = ErrForbidden
	}
	return ""
}
