package ewstest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// extendedField reads an ExtendedFieldURI.
func extendedField(n *ewsschema.Node) (ews.ExtendedField, *refusal) {
	f := ews.ExtendedField{
		Set:  ews.PropertySet(n.Get("DistinguishedPropertySetId")),
		GUID: strings.ToLower(n.Get("PropertySetId")),
		Name: n.Get("PropertyName"),
		Type: ews.PropertyType(n.Get("PropertyType")),
	}
	bad := refuse("ErrorInvalidExtendedProperty")
	tag, hasTag := n.Attr("PropertyTag")
	id, hasID := n.Attr("PropertyId")
	named := f.Set != "" || f.GUID != ""
	switch {
	case hasTag:
		if named || f.Name != "" || hasID {
			return f, bad
		}
		v, err := strconv.ParseUint(tag, 0, 16)
		if err != nil || v == 0 {
			return f, bad
		}
		if v >= 0x8000 {
			return f, refuseText("ErrorNoPropertyTagForCustomProperties", "Custom properties have no tag of their own; name them by property set.")
		}
		f.Tag = uint16(v)
	case !named, f.Set != "" && f.GUID != "", (f.Name != "") == hasID:
		return f, bad
	case hasID:
		v, err := strconv.ParseInt(id, 10, 32)
		if err != nil {
			return f, bad
		}
		f.ID = uint32(v)
	}
	switch f.Type {
	case "Object", "ObjectArray", "Null", "Error":
		return f, refuse("ErrorUnsupportedMapiPropertyType")
	}
	return f, nil
}

// writeField writes an ExtendedFieldURI.
func (e *encoder) writeField(f ews.ExtendedField) {
	e.Open("t:ExtendedFieldURI")
	if f.Set != "" {
		e.Attr("DistinguishedPropertySetId", string(f.Set))
	}
	if f.GUID != "" {
		e.Attr("PropertySetId", f.GUID)
	}
	if f.Tag != 0 {
		e.Attr("PropertyTag", "0x"+strconv.FormatUint(uint64(f.Tag), 16))
	}
	switch {
	case f.Name != "":
		e.Attr("PropertyName", f.Name)
	case f.Tag == 0:
		e.Attr("PropertyId", strconv.FormatInt(int64(int32(f.ID)), 10))
	}
	e.Attr("PropertyType", string(f.Type))
	e.Close()
}

// wanted is an extended property that a shape asks for, both as the request names it and
// normalised.
type wanted struct{ as, key ews.ExtendedField }

// distinct returns a list without duplicates: an answer contains a property once, however
// often a shape names it.
func distinct[T comparable](all []T) []T {
	if len(all) < 2 {
		return all
	}
	seen := make(map[T]bool, len(all))
	return slices.DeleteFunc(all, func(x T) bool {
		again := seen[x]
		seen[x] = true
		return again
	})
}

// writeExtended writes the extended properties of a shape that exist. If short is set, it
// truncates texts as FindItem does.
func (e *encoder) writeExtended(all []wanted, short bool, get func(ews.ExtendedField) (ews.ExtendedProperty, bool)) {
	for _, w := range all {
		p, ok := get(w.key)
		if !ok {
			continue
		}
		e.Open("t:ExtendedProperty")
		e.writeField(w.as)
		if isArray(w.as.Type) {
			e.Open("t:Values")
			for _, v := range p.Values {
				if w.as.Type == "SystemTimeArray" {
					v = e.when(v)
				}
				e.Leaf("t:Value", v)
			}
			e.Close()
		} else {
			v := p.Value
			switch {
			case short && w.as.Type == ews.TypeString:
				v = cutText(v)
			case w.as.Type == ews.TypeSystemTime:
				v = e.when(v)
			}
			e.Leaf("t:Value", v)
		}
		e.Close()
	}
}

func isArray(t ews.PropertyType) bool { return strings.HasSuffix(string(t), "Array") }

// elementType returns the type of the values of an array.
func elementType(t ews.PropertyType) ews.PropertyType {
	return ews.PropertyType(strings.TrimSuffix(string(t), "Array"))
}

// cutText truncates a text to 255 characters, as FindItem does.
func cutText(s string) string {
	const limit = 255
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit {
			return s[:i]
		}
		n++
	}
	return s
}

// extendedProperty reads an ExtendedProperty that a client sets.
func extendedProperty(n *ewsschema.Node) (ews.ExtendedProperty, *refusal) {
	f, refused := extendedField(n.Child("ExtendedFieldURI"))
	if refused != nil {
		return ews.ExtendedProperty{}, refused
	}
	p := ews.ExtendedProperty{Field: f, Value: n.Value("Value")}
	values := n.Child("Values")
	if values.Exists() != isArray(f.Type) {
		return p, refuse("ErrorInvalidExtendedPropertyValue")
	}
	for _, v := range values.All("Value") {
		value, refused := canonical(elementType(f.Type), v.Text)
		if refused != nil {
			return p, refused
		}
		p.Values = append(p.Values, value)
	}
	if values.Exists() {
		p.Value = ""
	} else if p.Value, refused = canonical(f.Type, p.Value); refused != nil {
		return p, refused
	}
	return p, nil
}

// canonical checks the text form of a value and returns the form that the store
// keeps.
func canonical(t ews.PropertyType, s string) (string, *refusal) {
	v, ok := parseValue(t, s)
	switch {
	case !ok, t == ews.TypeCLSID && !mailstore.IsGUID(s), v.kind == timeValue && !mailstore.Keepable(v.time):
		return "", refuse("ErrorInvalidExtendedPropertyValue")
	}
	switch v.kind {
	case numberValue:
		if t == ews.TypeDouble || t == "Float" || t == "ApplicationTime" || t == "Currency" {
			return strings.TrimSpace(s), nil
		}
		return strconv.FormatInt(int64(v.number), 10), nil
	case timeValue:
		return ews.FormatTime(v.time), nil
	case boolValue:
		return strconv.FormatBool(v.truth), nil
	case binaryValue:
		return strings.Join(strings.Fields(s), ""), nil
	}
	return s, nil
}

// keyOf returns the normalised name of a property.
func keyOf(f ews.ExtendedField) ews.ExtendedField { return mailstore.Key(f) }
