package xmlwire

import (
	"bytes"
	"io"
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
	cdataBegin = "<![CDATA["
	cdataEnd   = "]]>"
)

// token reads up to and including the next tag and skips text.
func (d *Decoder) token() tokenKind {
	for {
		switch k := d.markup(); k {
		case tokenText:
			if d.pos < len(d.buf) && d.buf[d.pos] == '<' {
				d.pos += len(cdataBegin)
				if len(d.open) == 0 {
					d.fail(ErrSyntax, "text outside of the root element")
				}
				if !d.discard(cdataEnd) {
					return tokenEOF
				}
				continue
			}
			d.skipText()
		case tokenOther:
		default:
			return k
		}
		if d.err != nil {
			return tokenEOF
		}
	}
}

// markup reads the tag, comment or processing instruction at pos. If there is
// text at pos, or a CDATA section, it leaves it there.
func (d *Decoder) markup() tokenKind {
	if d.err != nil {
		return tokenEOF
	}
	if d.endNow {
		d.endNow = false
		d.pop()
		return tokenEnd
	}
	if d.pos == len(d.buf) && !d.fill(d.limits.MaxTag) {
		return tokenEOF
	}
	if d.buf[d.pos] != '<' {
		return tokenText
	}
	if !d.window(2) {
		d.fail(io.ErrUnexpectedEOF, "the document ends early")
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
	if d.window(4) && string(d.buf[d.pos:d.pos+4]) == "<!--" {
		d.pos += 4
		if !d.discard("-->") {
			return tokenEOF
		}
		return tokenOther
	}
	if d.window(len(cdataBegin)) && string(d.buf[d.pos:d.pos+len(cdataBegin)]) == cdataBegin {
		return tokenText
	}
	d.fail(ErrSyntax, "a document type declaration or unknown markup")
	return tokenEOF
}

// skipText skips character data up to the next tag.
func (d *Decoder) skipText() {
	for d.err == nil {
		text := d.buf[d.pos:]
		i := bytes.IndexByte(text, '<')
		if i >= 0 {
			text = text[:i]
		}
		if len(d.open) == 0 && !blank(text, d.Offset() == 0) {
			d.fail(ErrSyntax, "text outside of the root element")
			return
		}
		d.pos += len(text)
		if i >= 0 || !d.fill(d.limits.MaxTag) {
			return
		}
	}
}

// blank reports whether text is white space; at the beginning of a document a
// byte order mark is, too.
func blank(text []byte, first bool) bool {
	if first {
		text = bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF"))
	}
	return len(bytes.TrimLeft(text, " \t\r\n")) == 0
}

func (d *Decoder) endTag() tokenKind {
	i := d.find(">", 2)
	if i < 0 {
		d.fail(io.ErrUnexpectedEOF, "an end tag is cut short")
		return tokenEOF
	}
	name := bytes.TrimRight(d.buf[d.pos+2:d.pos+i], " \t\r\n")
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
	if len(d.open) == 0 && d.rooted {
		d.fail(ErrSyntax, "a second root element")
		return tokenEOF
	}
	if len(d.open) >= d.limits.MaxDepth {
		d.fail(ErrLimit, "elements are nested too deeply")
		return tokenEOF
	}
	if d.elements++; d.elements > d.limits.MaxElements {
		d.fail(ErrLimit, "too many elements")
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
	prefix, local := cut(name)
	if len(local) == 0 || bytes.IndexByte(local, ':') >= 0 || bytes.IndexByte(name, '<') >= 0 {
		d.fail(ErrSyntax, "a tag without a name")
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

// tagEnd returns the distance from pos to the > that ends the tag there,
// minding quoted attribute values, and -1 on an error.
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
		if !d.fill(d.limits.MaxTag) {
			d.fail(io.ErrUnexpectedEOF, "a tag is cut short")
			return -1
		}
	}
}

// attributes reads the attributes of a start tag into d.attrs, and takes the
// namespace declarations among them.
func (d *Decoder) attributes(b []byte) bool {
	d.attrs = d.attrs[:0]
	for {
		for len(b) > 0 && isSpace(b[0]) {
			b = b[1:]
		}
		if len(b) == 0 {
			return true
		}
		eq := bytes.IndexByte(b, '=')
		if eq <= 0 {
			d.fail(ErrSyntax, "an attribute without a value")
			return false
		}
		name := bytes.TrimRight(b[:eq], " \t\r\n")
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if len(b) < 2 || b[0] != '"' && b[0] != '\'' {
			d.fail(ErrSyntax, "an attribute value without quotes")
			return false
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			d.fail(ErrSyntax, "an attribute value without an end")
			return false
		}
		value := b[1 : 1+end]
		b = b[2+end:]
		if d.limits.Strict && !d.strictAttribute(name, value) {
			return false
		}
		prefix, local := cut(name)
		switch {
		case len(prefix) == 0 && string(local) == "xmlns":
			d.bind(nil, value)
		case string(prefix) == "xmlns":
			d.bind(local, value)
		default:
			d.attrs = append(d.attrs, attribute{prefix, local, value})
		}
	}
}

func (d *Decoder) strictAttribute(name, value []byte) bool {
	for _, a := range d.attrs {
		if bytes.Equal(a.local, name) && len(a.prefix) == 0 {
			d.fail(ErrSyntax, "an attribute stands twice")
			return false
		}
	}
	if bytes.IndexByte(value, '<') >= 0 {
		d.fail(ErrSyntax, "a < in an attribute")
		return false
	}
	d.scratch = d.appendReferences(d.scratch[:0], value, true)
	return d.err == nil
}

func (d *Decoder) bind(prefix, uri []byte) {
	d.bindings = append(d.bindings, binding{intern(d.names, prefix), spaceOf(uri)})
}

func (d *Decoder) resolve(prefix []byte) Space {
	for i := len(d.bindings) - 1; i >= 0; i-- {
		if d.bindings[i].prefix == string(prefix) {
			return d.bindings[i].space
		}
	}
	if len(prefix) == 0 {
		return SpaceNone
	}
	if string(prefix) == "xml" {
		return SpaceXML
	}
	if d.limits.Strict {
		d.fail(ErrSyntax, "a prefix that was not declared")
	}
	return SpaceOther
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func cut(name []byte) (prefix, local []byte) {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return nil, name
}

// intern returns b as a string, the same one each time, as long as there are
// not too many.
func intern(table map[string]string, b []byte) string {
	if s, ok := table[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(table) < 1024 && len(s) <= 1024 {
		table[s] = s
	}
	return s
}
