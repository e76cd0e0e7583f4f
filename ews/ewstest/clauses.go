package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// clauses returns the conditions for an item to meet a restriction, as far as folders
// index them: at least one lookup of each clause must find the item. The restriction must
// be one that condition accepts.
func clauses(n *ewsschema.Node) [][]mailstore.Lookup {
	if !n.Exists() {
		return nil
	}
	switch n.Local {
	case "And":
		var all [][]mailstore.Lookup
		for _, k := range n.Kids() {
			all = append(all, clauses(k)...)
		}
		return all
	case "Or":
		return choice(n)
	}
	if l, ok := lookup(n); ok {
		return [][]mailstore.Lookup{{l}}
	}
	return nil
}

// maxClauses limits the clauses of a choice.
const maxClauses = 16

// choice returns the clauses of an Or: each clause of one member combined with each
// clause of the others, or only the first clause of a member if that would be too many.
func choice(n *ewsschema.Node) [][]mailstore.Lookup {
	all := [][]mailstore.Lookup{nil}
	for _, k := range n.Kids() {
		more := clauses(k)
		if len(more) == 0 {
			return nil // regardless of what this one finds
		}
		if len(all)*len(more) > maxClauses {
			more = more[:1]
		}
		var both [][]mailstore.Lookup
		for _, a := range all {
			for _, b := range more {
				both = append(both, slices.Concat(a, b))
			}
		}
		all = both
	}
	return all
}

// lookup returns the lookup of an equality or a test for existence.
func lookup(n *ewsschema.Node) (l mailstore.Lookup, ok bool) {
	key, named := itemKey(n.First())
	if !named {
		return l, false
	}
	switch n.Local {
	case "Exists":
		return mailstore.Having(key)
	case "IsEqualTo":
		if constant := n.Path("FieldURIOrConstant", "Constant"); constant.Exists() {
			return mailstore.Equal(key, constant.Get("Value"))
		}
	case "Contains":
		// A whole text that is equal, at least apart from case.
		mode, comparison := n.Get("ContainmentMode"), n.Get("ContainmentComparison")
		if (mode == "" || mode == "FullString") && (comparison == "" || comparison == "Exact" || comparison == "IgnoreCase") {
			return mailstore.Equal(key, n.Child("Constant").Get("Value"))
		}
	}
	return l, false
}

// itemKey returns the property that a path names, if it is one that folders may index.
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
