package xmlwire

import (
	"bytes"
	"iter"
)

// attribute keeps raw bytes of the window; they are valid until the decoder
// moves on.
type attribute struct {
	prefix, local, value []byte
}

// AttrName is the name of an attribute.
type AttrName struct {
	Space Space // SpaceNone for one without prefix
	Local string
}

// Attr returns the value of an attribute without prefix of the current
// element, and whether it has it. It must be asked for before the element's
// content is read.
func (d *Decoder) Attr(local string) (string, bool) {
	for _, a := range d.attrs {
		if len(a.prefix) == 0 && string(a.local) == local {
			return d.keep(d.attrValue(a.value)), true
		}
	}
	return "", false
}

// AttrInterned is Attr for values that are few and repeated; an absent
// attribute is an empty one.
func (d *Decoder) AttrInterned(local string) string {
	for _, a := range d.attrs {
		if len(a.prefix) == 0 && string(a.local) == local {
			return intern(d.values, d.attrValue(a.value))
		}
	}
	return ""
}

// AttrNames returns the names of the attributes of the current element as they
// were written, prefix included; namespace declarations are left out.
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

// Attrs steps through the attributes of the current element with their values,
// in the order they were written; namespace declarations are left out.
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
	dst := d.scratch[:0]
	for len(raw) > 0 {
		i := bytes.IndexAny(raw, "\t\r\n")
		if i < 0 {
			i = len(raw)
		}
		dst = d.appendReferences(dst, raw[:i], true)
		raw = raw[i:]
		if len(raw) > 0 {
			dst = append(dst, ' ')
			if raw[0] == '\r' && len(raw) > 1 && raw[1] == '\n' {
				raw = raw[1:]
			}
			raw = raw[1:]
		}
	}
	d.scratch = dst
	return dst
}
