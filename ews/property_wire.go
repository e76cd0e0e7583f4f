package ews

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

func checkPath(field string, p PropertyPath) error {
	switch p := p.(type) {
	case nil:
		return wrong(field, "is missing: use a FieldURI or ExtendedField")
	case FieldURI:
		if p == "" {
			return wrong(field, "is an empty FieldURI")
		}
	case ExtendedField:
		return within(field, p.check())
	default:
		return wrong(field, "is of an unknown type %T: use a FieldURI or ExtendedField", p)
	}
	return nil
}

func checkPaths(field string, paths []PropertyPath) error {
	for i, p := range paths {
		if checkPath(field, p) != nil {
			return checkPath(field+at(i), p)
		}
	}
	return nil
}

// check returns an error unless the field is named in exactly one way.
func (f ExtendedField) check() error {
	inSet := f.Set != "" || f.GUID != ""
	switch {
	case f.Type == "":
		return wrong("Type", "is empty")
	case f.Tag == 0 && !inSet:
		return wrong("Tag", "is 0 and Set and GUID are empty: name the property by exactly one of them")
	case f.Tag != 0 && (inSet || f.Name != "" || f.ID != 0):
		return wrong("Tag", "cannot be combined with Set, GUID, Name or ID")
	case f.Tag >= 0x8000:
		return wrong("Tag", "is 0x%X; servers refuse tags of 0x8000 and above, which differ from mailbox to mailbox: name the property by GUID", f.Tag)
	case f.Tag != 0:
		return nil
	case f.Set != "" && f.GUID != "":
		return wrong("Set", "cannot be combined with GUID")
	case f.Name != "" && f.ID != 0:
		return wrong("Name", "cannot be combined with ID")
	case f.Name == "" && f.ID == 0:
		return wrong("Name", "is empty and ID is 0: a property set needs one of them")
	case f.GUID != "" && !isGUID(f.GUID):
		return wrong("GUID", "must have the form 00000000-0000-0000-0000-000000000000 in lower case")
	}
	return nil
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}

func encodePath(e *xmlwire.Encoder, p PropertyPath) {
	switch p := p.(type) {
	case FieldURI:
		e.Open("t:FieldURI")
		e.Attr("FieldURI", string(p))
		e.Close()
	case ExtendedField:
		p.encode(e)
	}
}

func (f ExtendedField) encode(e *xmlwire.Encoder) {
	e.Open("t:ExtendedFieldURI")
	switch {
	case f.Tag != 0:
		e.Attr("PropertyTag", fmt.Sprintf("0x%04X", f.Tag))
	case f.Set != "":
		e.Attr("DistinguishedPropertySetId", string(f.Set))
	default:
		e.Attr("PropertySetId", f.GUID)
	}
	switch {
	case f.Name != "":
		e.Attr("PropertyName", f.Name)
	case f.ID != 0:
		// The schema uses a signed number.
		e.Attr("PropertyId", strconv.FormatInt(int64(int32(f.ID)), 10))
	}
	e.Attr("PropertyType", string(f.Type))
	e.Close()
}

func decodeExtendedField(d *xmlwire.Decoder, f *ExtendedField) {
	f.Type = PropertyType(d.AttrInterned("PropertyType"))
	if tag := d.AttrInterned("PropertyTag"); tag != "" {
		// Hexadecimal with 0x, or decimal; a malformed tag is ignored.
		if n, err := strconv.ParseUint(tag, 0, 16); err == nil {
			f.Tag = uint16(n)
		}
		return
	}
	f.Set = PropertySet(d.AttrInterned("DistinguishedPropertySetId"))
	f.GUID = d.AttrInterned("PropertySetId")
	f.Name = d.AttrInterned("PropertyName")
	if f.GUID != "" {
		f.GUID = strings.ToLower(strings.Trim(f.GUID, "{}"))
	}
	if id := d.AttrInterned("PropertyId"); id != "" {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			f.ID = uint32(n)
		}
	}
}

func isArray(t PropertyType) bool { return strings.HasSuffix(string(t), "Array") }

func (p ExtendedProperty) check() error {
	if err := p.Field.check(); err != nil {
		return within("Field", err)
	}
	switch {
	case isArray(p.Field.Type) && len(p.Values) == 0:
		return wrong("Values", "is empty, but %s is an array type", p.Field.Type)
	case !isArray(p.Field.Type) && p.Values != nil:
		return wrong("Values", "is set, but %s is not an array type: use Value", p.Field.Type)
	}
	return nil
}

func checkExtended(field string, props []ExtendedProperty) error {
	for i, p := range props {
		if err := p.check(); err != nil {
			return within(field+at(i), err)
		}
	}
	return nil
}

func (p ExtendedProperty) encode(e *xmlwire.Encoder) {
	e.Open("t:ExtendedProperty")
	p.Field.encode(e)
	if isArray(p.Field.Type) {
		e.Open("t:Values")
		for _, v := range p.Values {
			e.Leaf("t:Value", v)
		}
		e.Close()
	} else {
		e.Leaf("t:Value", p.Value)
	}
	e.Close()
}

// appendExtendedProperty reads the current element and appends it to a list.
func appendExtendedProperty(d *xmlwire.Decoder, list []ExtendedProperty) []ExtendedProperty {
	list = append(list, ExtendedProperty{})
	p := &list[len(list)-1]
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "ExtendedFieldURI":
			decodeExtendedField(d, &p.Field)
		case "Value":
			p.Value = d.Text()
		case "Values":
			p.Values = []string{}
			inner := d.Depth()
			for d.NextChild(inner) {
				p.Values = append(p.Values, d.Text())
			}
		}
	}
	return list
}
