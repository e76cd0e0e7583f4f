package xmlwire

import (
	"bytes"
	"strings"
)

type tokenKind uint8

const (
	tokenStart tokenKind = iota + 1
	tokenEnd
	tokenText  // a run of character data or a CDATA section begins at pos
	tokenOther // a comment or processing instruction was skipped
	tokenEOF   // the end of the document, or an error
)

const (
	commentBegin  = "<!--"
	cdataBegin    = "<![CDATA["
	cdataEnd      = "]]>"
	byteOrderMark = "\xEF\xBB\xBF"
)

// token reads up to and including the next tag and skips text.
func (d *Decoder) token() tokenKind {
	for d.err == nil {
		switch k := d.markup(); k {
		case tokenText:
			d.skipText()
		case tokenOther:
		default:
			return k
		}
	}
	return tokenEOF
}

// markup reads the tag, comment, processing instruction or beginning of a CDATA
// section at pos. It does not read text, but sets cdata if the text is in a CDATA
// section.
func (d *Decoder) markup() tokenKind {
	d.attrs = d.attrs[:0] // the window is about to move
	switch {
	case d.err != nil:
		return tokenEOF
	case d.endNow:
		d.endNow = false
		d.pop()
		return tokenEnd
	case d.cdata:
		return tokenText
	case d.pos == len(d.buf) && !d.fill():
		return tokenEOF
	case d.buf[d.pos] != '<':
		return tokenText
	case !d.window(2):
		d.cut()
		return tokenEOF
	}
	switch d.buf[d.pos+1] {
	case '/':
		return d.endTag()
	case '?':
		d.pos += 2
		if !d.discard("?>") {
			return tokenEOF
		}
		return tokenOther
	case '!':
		return d.declaration()
	}
	return d.startTag()
}

func (d *Decoder) declaration() tokenKind {
	switch {
	case d.have(commentBegin):
		d.pos += len(commentBegin)
		if !d.discard("-->") {
			return tokenEOF
		}
		return tokenOther
	case d.have(cdataBegin):
		if len(d.open) == 0 {
			d.fail(ErrSyntax, "text outside the root element")
			return tokenEOF
		}
		d.pos += len(cdataBegin)
		d.cdata = true
		return tokenText
	}
	if rest := string(d.buf[d.pos:]); strings.HasPrefix(commentBegin, rest) || strings.HasPrefix(cdataBegin, rest) {
		d.cut()
	}
	d.fail(ErrSyntax, "a document type declaration or unknown markup")
	return tokenEOF
}

// have reports whether the input at pos begins with s.
func (d *Decoder) have(s string) bool {
	for n := 1; n <= len(s); n++ {
		if !d.window(n) || d.buf[d.pos+n-1] != s[n-1] {
			return false
		}
	}
	return true
}

// skipText skips character data up to the next tag, or the rest of a CDATA
// section.
func (d *Decoder) skipText() {
	if d.cdata {
		d.cdata = !d.discard(cdataEnd)
		return
	}
	if d.Offset() == 0 && d.have(byteOrderMark) {
		d.pos += len(byteOrderMark)
	}
	for d.err == nil {
		text := d.buf[d.pos:]
		i := bytes.IndexByte(text, '<')
		if i >= 0 {
			text = text[:i]
		}
		if len(d.open) == 0 && len(bytes.Trim(text, blanks)) > 0 {
			d.fail(ErrSyntax, "text outside the root element")
			return
		}
		d.pos += len(text)
		if i >= 0 || !d.fill() {
			return
		}
	}
}

func (d *Decoder) endTag() tokenKind {
	i := d.find('>', 2)
	if i < 0 {
		d.cut()
		return tokenEOF
	}
	name := withoutLastBlanks(d.buf[d.pos+2 : d.pos+i])
	if len(d.open) == 0 {
		d.fail(ErrSyntax, "an end tag without an element")
		return tokenEOF
	}
	if !bytes.Equal(name, d.openName[d.open[len(d.open)-1].name:]) {
		d.fail(ErrSyntax, "an end tag of another element")
		return tokenEOF
	}
	d.pos += i + 1
	d.pop()
	return tokenEnd
}

func (d *Decoder) pop() {
	f := d.open[len(d.open)-1]
	d.open = d.open[:len(d.open)-1]
	d.openName = d.openName[:f.name]
	d.bindings = d.bindings[:f.bindings]
	d.attrs = d.attrs[:0]
}

// startTag reads a start tag, its attributes and namespace declarations.
func (d *Decoder) startTag() tokenKind {
	n := d.tagEnd()
	if n < 0 {
		return tokenEOF
	}
	if !d.admit(n) {
		return tokenEOF
	}
	tag := d.buf[d.pos+1 : d.pos+n]
	closed := len(tag) > 0 && tag[len(tag)-1] == '/'
	if closed {
		tag = tag[:len(tag)-1]
	}
	end := 0
	for end < len(tag) && !isSpace(tag[end]) {
		end++
	}
	name := tag[:end]
	prefix, local, ok := cut(name)
	if !ok {
		d.fail(ErrSyntax, "a tag without a proper name")
		return tokenEOF
	}
	d.rooted = true
	f := frame{name: len(d.openName), bindings: len(d.bindings)}
	d.openName = append(d.openName, name...)
	if !d.attributes(tag[end:]) {
		return tokenEOF
	}
	f.space = d.resolve(prefix)
	f.local = intern(d.names, local)
	d.open = append(d.open, f)
	d.space, d.local, d.endNow = f.space, f.local, closed
	if d.limits.Strict {
		d.mark(d.pos + 1)
	}
	d.pos += n + 1
	return tokenStart
}

// admit reports whether a start tag of n bytes is within the limits.
func (d *Decoder) admit(n int) bool {
	d.elements++
	switch {
	case len(d.open) == 0 && d.rooted:
		d.fail(ErrSecondRoot, "a second root element")
	case n > d.limits.MaxTag:
		d.fail(ErrLimit, "a tag is too long")
	case len(d.open) >= d.limits.MaxDepth:
		d.fail(ErrLimit, "elements are nested too deeply")
	case d.elements > d.limits.MaxElements:
		d.fail(ErrLimit, "too many elements")
	default:
		return true
	}
	return false
}

// tagEnd returns the distance from pos to the > that ends the tag, outside quoted
// attribute values, or -1 on an error.
func (d *Decoder) tagEnd() int {
	i, quote := 1, byte(0)
	for {
		for b := d.buf[d.pos:]; i < len(b); i++ {
			if quote != 0 {
				j := bytes.IndexByte(b[i:], quote)
				if j < 0 {
					i = len(b)
					break
				}
				i += j
				quote = 0
				continue
			}
			switch b[i] {
			case '>':
				return i
			case '"', '\'':
				quote = b[i]
			}
		}
		if !d.fill() {
			d.cut()
			return -1
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// blanks is the white space of XML.
const blanks = " \t\r\n"

// withoutBlanks returns b without the white space at its beginning.
func withoutBlanks(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// withoutLastBlanks returns b without the white space at its end.
func withoutLastBlanks(b []byte) []byte {
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// intern returns b as a string, the same one each time unless there are too many.
func intern(table map[string]string, b []byte) string {
	if s, ok := table[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(table) < 1024 && len(s) <= maxName {
		table[s] = s
	}
	return s
}
