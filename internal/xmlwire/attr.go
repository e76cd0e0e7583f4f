package xmlwire

import (
	"bytes"
	"iter"
	"slices"
)

// attribute refers to raw bytes of the window, valid until the decoder moves on.
type attribute struct {
	prefix, local, value []byte
}

// Limits that no EWS document comes close to.
const (
	maxName     = 1024 // bytes of a name
	maxAttrs    = 256  // attributes of an element
	maxBindings = 256  // namespace declarations in scope
)

// AttrName is the name of an attribute.
type AttrName struct {
	Space Space // SpaceNone without a prefix
	Local string
}

// Attr returns the value of an attribute without a prefix of the current element,
// and whether the element has it. Call it before reading the element's content.
func (d *Decoder) Attr(local string) (string, bool) {
	for _, a := range d.attrs {
		if len(a.prefix) == 0 && string(a.local) == local {
			return d.keep(d.attrValue(a.value)), true
		}
	}
	return "", false
}

// AttrInterned is Attr for values that are few and repeated. It returns "" for an
// absent attribute.
func (d *Decoder) AttrInterned(local string) string {
	for _, a := range d.attrs {
		if len(a.prefix) == 0 && string(a.local) == local {
			return intern(d.values, d.attrValue(a.value))
		}
	}
	return ""
}

// AttrNames returns the names of the attributes of the current element as
// written, including the prefix, without namespace declarations.
func (d *Decoder) AttrNames() []string {
	names := make([]string, len(d.attrs))
	for i, a := range d.attrs {
		if len(a.prefix) > 0 {
			names[i] = string(a.prefix) + ":"
		}
		names[i] += string(a.local)
	}
	return names
}

// AttrCount returns the number of attributes that [Decoder.Attrs] yields.
func (d *Decoder) AttrCount() int { return len(d.attrs) }

// Attrs iterates over the attributes of the current element and their values, in
// the order written, without namespace declarations.
func (d *Decoder) Attrs() iter.Seq2[AttrName, string] {
	return func(yield func(AttrName, string) bool) {
		for _, a := range d.attrs {
			name := AttrName{Space: SpaceNone, Local: intern(d.names, a.local)}
			if len(a.prefix) > 0 {
				name.Space = d.resolve(a.prefix)
			}
			if !yield(name, d.keep(d.attrValue(a.value))) {
				return
			}
		}
	}
}

// attrValue decodes an attribute: references are replaced, and white space
// that was not written as a reference becomes spaces (XML 1.0, 3.3.3).
func (d *Decoder) attrValue(raw []byte) []byte {
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\n') < 0 &&
		bytes.IndexByte(raw, '\r') < 0 && bytes.IndexByte(raw, '\t') < 0 {
		return raw
	}
	dst := d.attrText[:0]
	for len(raw) > 0 {
		i := bytes.IndexAny(raw, "\t\r\n")
		if i < 0 {
			i = len(raw)
		}
		dst = d.appendReferences(dst, raw[:i])
		raw = raw[i:]
		if len(raw) > 0 {
			dst = append(dst, ' ')
			if raw[0] == '\r' && len(raw) > 1 && raw[1] == '\n' {
				raw = raw[1:]
			}
			raw = raw[1:]
		}
	}
	d.attrText = dst
	return dst
}

// attributes reads the attributes of a start tag into d.attrs, and its namespace
// declarations into d.bindings.
func (d *Decoder) attributes(b []byte) bool {
	d.attrs = d.attrs[:0]
	for {
		b = withoutBlanks(b)
		if len(b) == 0 {
			return !d.limits.Strict || d.strictNames()
		}
		eq := bytes.IndexByte(b, '=')
		if eq <= 0 {
			d.fail(ErrSyntax, "an attribute without a value")
			return false
		}
		prefix, local, ok := cut(withoutLastBlanks(b[:eq]))
		if !ok {
			d.fail(ErrSyntax, "an attribute without a proper name")
			return false
		}
		b = withoutBlanks(b[eq+1:])
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
		if d.limits.Strict && !d.strictValue(value) {
			return false
		}
		switch {
		case len(prefix) == 0 && string(local) == "xmlns":
			d.bind(nil, value)
		case string(prefix) == "xmlns":
			d.bind(local, value)
		default:
			d.attrs = append(d.attrs, attribute{prefix, local, value})
		}
		if len(d.attrs) > maxAttrs || len(d.bindings) > maxBindings {
			d.fail(ErrLimit, "too many attributes")
			return false
		}
	}
}

// strictNames refuses duplicate attributes and undeclared prefixes.
func (d *Decoder) strictNames() bool {
	for i, a := range d.attrs {
		space := SpaceNone
		if len(a.prefix) > 0 {
			space = d.resolve(a.prefix)
		}
		for _, b := range d.attrs[:i] {
			if !bytes.Equal(a.local, b.local) || (len(a.prefix) == 0) != (len(b.prefix) == 0) {
				continue
			}
			if bytes.Equal(a.prefix, b.prefix) || space != SpaceOther && space == d.resolve(b.prefix) {
				d.fail(ErrSyntax, "a duplicate attribute")
			}
		}
	}
	return d.err == nil
}

func (d *Decoder) strictValue(value []byte) bool {
	if bytes.IndexByte(value, '<') >= 0 {
		d.fail(ErrSyntax, "a < in an attribute")
		return false
	}
	d.attrText = d.appendReferences(d.attrText[:0], value)
	return d.err == nil
}

func (d *Decoder) bind(prefix, uri []byte) {
	value := d.attrValue(uri)
	d.bindings = append(d.bindings, binding{intern(d.names, prefix), intern(d.values, value), spaceOf(value)})
}

// Inherited iterates over the namespace declarations that the current element inherits
// from the elements around it and does not replace: their prefix, empty for the default
// one, and URI.
func (d *Decoder) Inherited() iter.Seq2[string, string] {
	return func(yield func(prefix, uri string) bool) {
		if len(d.open) == 0 {
			return
		}
		outer := d.open[len(d.open)-1].bindings
		for i := outer - 1; i >= 0; i-- {
			b := d.bindings[i]
			if slices.ContainsFunc(d.bindings[i+1:], func(inner binding) bool { return inner.prefix == b.prefix }) {
				continue // replaced by a declaration further inside
			}
			if !yield(b.prefix, b.uri) {
				return
			}
		}
	}
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
		d.fail(ErrSyntax, "an undeclared prefix")
	}
	return SpaceOther
}

// cut splits a name at its colon and reports whether it is a plausible name.
func cut(name []byte) (prefix, local []byte, ok bool) {
	if len(name) == 0 || len(name) > maxName {
		return nil, nil, false
	}
	colon := -1
	for i, c := range name {
		switch c {
		case ':':
			if colon >= 0 || i == 0 {
				return nil, nil, false
			}
			colon = i
		case '<', '>', '&', '=', '"', '\'', '/', ' ', '\t', '\r', '\n':
			return nil, nil, false
		}
	}
	if colon < 0 {
		return nil, name, true
	}
	return name[:colon], name[colon+1:], colon+1 < len(name)
}
