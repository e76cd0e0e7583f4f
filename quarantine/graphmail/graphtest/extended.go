package graphtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// extendedTypes are the types of extended properties, see
// https://learn.microsoft.com/en-us/graph/api/resources/extended-properties-overview.
var extendedTypes = []ews.PropertyType{
	ews.TypeString, ews.TypeInteger, ews.TypeLong, ews.TypeShort, ews.TypeBoolean, ews.TypeBinary,
	ews.TypeSystemTime, ews.TypeDouble, ews.TypeCLSID,
}

// extendedID reads the id of an extended property and returns it as answers spell it:
// numbers without leading zeros, the set in lower case.
func extendedID(id string, array bool) (f ews.ExtendedField, normal string, refused *refusal) {
	wrong := bad("The extended property id '%s' is not valid.", id)
	kind, rest, _ := strings.Cut(id, " ")
	single := kind
	if array {
		var ok bool
		if single, ok = strings.CutSuffix(kind, "Array"); !ok {
			return f, "", wrong
		}
	}
	i := slices.IndexFunc(extendedTypes, func(t ews.PropertyType) bool { return strings.EqualFold(string(t), single) })
	if i < 0 {
		return f, "", wrong
	}
	f.Type = extendedTypes[i]
	if array {
		f.Type += "Array"
	}
	if hex, ok := cutHex(rest); ok {
		n, err := strconv.ParseUint(hex, 16, 16)
		if err != nil || n == 0 || n >= 0x8000 {
			return f, "", wrong
		}
		f.Tag = uint16(n)
		return f, fmt.Sprintf("%s 0x%x", f.Type, n), nil
	}
	guid, rest, _ := strings.Cut(rest, " ")
	if !mailstore.IsGUID(guid) || guid[0] != '{' {
		return f, "", wrong
	}
	f.GUID = strings.ToLower(strings.Trim(guid, "{}"))
	how, name, _ := strings.Cut(rest, " ")
	switch hex, ok := cutHex(name); {
	case how == "Name" && name != "":
		f.Name = name
		return f, fmt.Sprintf("%s {%s} Name %s", f.Type, f.GUID, name), nil
	case how == "Id" && ok:
		n, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			return f, "", wrong
		}
		f.ID = uint32(n)
		return f, fmt.Sprintf("%s {%s} Id 0x%x", f.Type, f.GUID, n), nil
	}
	return f, "", wrong
}

func cutHex(s string) (string, bool) {
	if len(s) > 2 && (strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")) {
		return s[2:], true
	}
	return "", false
}

// longestInList is how many characters of a long text a list shows; GET of one message
// shows all.
const longestInList = 255

// single returns the named extended properties that an object has, nil if it has none.
func single(ids []string, list bool, get func(ews.ExtendedField) (ews.ExtendedProperty, bool)) []object {
	var all []object
	for _, id := range ids {
		f, normal, _ := extendedID(id, false) // it has been parsed before
		p, ok := get(mailstore.Key(f))
		if !ok {
			continue
		}
		if r := []rune(p.Value); list && f.Type == ews.TypeString && len(r) > longestInList {
			p.Value = string(r[:longestInList])
		}
		all = append(all, object{"id": normal, "value": p.Value})
	}
	return all
}

// multiple is single for properties with several values.
func multiple(ids []string, get func(ews.ExtendedField) (ews.ExtendedProperty, bool)) []object {
	var all []object
	for _, id := range ids {
		f, normal, _ := extendedID(id, true)
		if p, ok := get(mailstore.Key(f)); ok {
			all = append(all, object{"id": normal, "value": append([]string{}, p.Values...)})
		}
	}
	return all
}

// writtenProperties reads singleValueExtendedProperties of a body: the properties to set,
// and the properties that a null removes.
func (c *call) writtenProperties(v any) (set []ews.ExtendedProperty, remove []ews.ExtendedField, refused *refusal) {
	rows, ok := v.([]any)
	if !ok {
		return nil, nil, bad("singleValueExtendedProperties must be an array.")
	}
	for _, row := range rows {
		o, ok := row.(object)
		id, isText := o["id"].(string)
		value, given := o["value"]
		if !ok || !isText || !given || len(o) != 2 {
			return nil, nil, bad("An extended property has an id and a value.")
		}
		f, _, refused := extendedID(id, false)
		if refused != nil {
			return nil, nil, refused
		}
		if value == nil {
			if !c.server.opts.NullRemoves || f.Type != ews.TypeString {
				return nil, nil, refuse(400, "ErrorInvalidProperty", "The value of an extended property must not be null.")
			}
			remove = append(remove, f)
			continue
		}
		text, isText := value.(string)
		if !isText {
			return nil, nil, bad("Cannot convert the value of the extended property to the expected type 'Edm.String'.")
		}
		p := ews.ExtendedProperty{Field: f, Value: text}
		if key := mailstore.Key(f); mailstore.Computed(key) {
			return nil, nil, refuse(400, "ErrorInvalidProperty", "The property "+id+" is read-only.")
		}
		if !mailstore.Sound(ews.ExtendedProperty{Field: mailstore.Key(f), Value: text}) {
			return nil, nil, refuse(400, "ErrorInvalidProperty", "The value of the property "+id+" is not of its type.")
		}
		set = append(set, p)
	}
	return set, remove, nil
}

// writtenMultiple reads multiValueExtendedProperties of a body.
func writtenMultiple(v any) (set []ews.ExtendedProperty, refused *refusal) {
	rows, ok := v.([]any)
	if !ok {
		return nil, bad("multiValueExtendedProperties must be an array.")
	}
	for _, row := range rows {
		o, _ := row.(object)
		id, _ := o["id"].(string)
		f, _, refused := extendedID(id, true)
		if refused != nil {
			return nil, refused
		}
		values, ok := texts(o["value"])
		p := ews.ExtendedProperty{Field: f, Values: values}
		if !ok || !mailstore.Sound(ews.ExtendedProperty{Field: mailstore.Key(f), Values: values}) {
			return nil, refuse(400, "ErrorInvalidProperty", "The values of the property "+id+" are not of its type.")
		}
		set = append(set, p)
	}
	return set, nil
}

// texts reads an array of strings.
func texts(v any) ([]string, bool) {
	rows, ok := v.([]any)
	all := make([]string, 0, len(rows))
	for _, row := range rows {
		s, isText := row.(string)
		if !isText {
			return nil, false
		}
		all = append(all, s)
	}
	return all, ok
}
