package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// clauses returns what an item needs to meet a restriction, as far as folders
// have an index of it: of each clause at least one lookup must find the item. The
// restriction must be one that condition accepts.
func clauses(n *ewsschema.Node) [][]mailstore.Lookup {
	if n.Exists() && n.Local == "And" {
		var all [][]mailstore.Lookup
		for _, k := range n.Kids() {
			all = append(all, clauses(k)...)
		}
		return all
	}
	if c, ok := clause(n); ok {
		return [][]mailstore.Lookup{c}
	}
	return nil
}

// clause returns the lookups of an equality, a test for existence, or a choice of
// those.
func clause(n *ewsschema.Node) (any []mailstore.Lookup, ok bool) {
	if !n.Exists() {
		return nil, false
	}
	var l mailstore.Lookup
	switch n.Local {
	case "Or":
		for _, k := range n.Kids() {
			c, ok := clause(k)
			if !ok {
				return nil, false
			}
			any = append(any, c...)
		}
		return any, true
	case "Exists":
		key, named := itemKey(n.First())
		if !named {
			return nil, false
		}
		l, ok = mailstore.Having(key)
	case "IsEqualTo":
		key, named := itemKey(n.First())
		constant := n.Path("FieldURIOrConstant", "Constant")
		if !named || !constant.Exists() {
			return nil, false
		}
		l, ok = mailstore.Equal(key, constant.Get("Value"))
	}
	return []mailstore.Lookup{l}, ok
}

// itemKey returns the property that a path names, if it may be one that folders
// have an index of.
func itemKey(path *ewsschema.Node) (ews.ExtendedField, bool) {
	switch {
	case !path.Exists():
	case path.Local == "FieldURI":
		return mailstore.TagMessageID, path.Get("FieldURI") == "message:InternetMessageId"
	case path.Local == "ExtendedFieldURI":
		f, refused := extendedField(path)
		return keyOf(f), refused == nil
	}
	return ews.ExtendedField{}, false
}
