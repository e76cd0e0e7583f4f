package ewstest

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// maxNodes is the maximum number of nodes in a restriction.
const maxNodes = 255

// condition turns a Restriction into a predicate. Without one it returns nil,
// which accepts everything.
func condition[T any](r resolver[T], restriction *ewsschema.Node) (func(T) bool, *refusal) {
	expression := restriction.First()
	if expression == nil {
		return nil, nil
	}
	nodes := 0
	return compile(r, expression, &nodes)
}

func compile[T any](r resolver[T], n *ewsschema.Node, nodes *int) (func(T) bool, *refusal) {
	if *nodes++; *nodes > maxNodes {
		return nil, refuseText("ErrorRestrictionTooLong", "The restriction has more than 255 nodes.")
	}
	switch n.Local {
	case "And", "Or":
		var members []func(T) bool
		for _, k := range n.Kids() {
			m, refused := compile(r, k, nodes)
			if refused != nil {
				return nil, refused
			}
			members = append(members, m)
		}
		all := n.Local == "And"
		return func(t T) bool {
			for _, m := range members {
				if m(t) != all {
					return !all
				}
			}
			return all
		}, nil
	case "Not":
		if n.First() == nil {
			return nil, refuse("ErrorInvalidRestriction")
		}
		m, refused := compile(r, n.First(), nodes)
		if refused != nil {
			return nil, refused
		}
		return func(t T) bool { return !m(t) }, nil
	}
	if n.First() == nil {
		return nil, refuse("ErrorUnsupportedPathForQuery")
	}
	g, refused := r.path(n.First())
	if refused != nil {
		return nil, refused
	}
	switch n.Local {
	case "Exists":
		if oneOfFlags[n.First().Get("FieldURI")] {
			return nil, refuse("ErrorInvalidPropertyForExists")
		}
		return func(t T) bool { _, ok := g.get(t); return ok }, nil
	case "Contains":
		return contains(g, n)
	case "Excludes":
		return excludes(g, n)
	}
	return comparison(r, g, n)
}

// oneOfFlags are bits of one property, so they always exist.
var oneOfFlags = map[string]bool{
	"message:IsRead": true, "item:IsDraft": true, "item:IsSubmitted": true,
	"item:IsFromMe": true, "item:IsResend": true, "item:IsUnmodified": true,
}

// bitmask reads a 32-bit number: hexadecimal after 0x, otherwise decimal.
func bitmask(text string) (int64, bool) {
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		text, base = hex, 16
	}
	mask, err := strconv.ParseUint(text, base, 32)
	return int64(mask), err == nil
}

func excludes[T any](g getter[T], n *ewsschema.Node) (func(T) bool, *refusal) {
	mask, ok := bitmask(n.Child("Bitmask").Get("Value"))
	switch {
	case !ok:
		return nil, refuse("ErrorInvalidExcludesRestriction")
	case g.kind != ews.TypeInteger:
		return nil, refuse("ErrorInvalidValueForProperty")
	}
	return func(t T) bool {
		values, ok := g.get(t)
		if !ok {
			return true
		}
		v, _ := strconv.ParseInt(values[0], 10, 64)
		return v&mask == 0
	}, nil
}

// comparison compares a property with a constant or with another property. A
// missing property equals nothing.
func comparison[T any](r resolver[T], g getter[T], n *ewsschema.Node) (func(T) bool, *refusal) {
	holds, ok := relations[n.Local]
	other := n.Child("FieldURIOrConstant").First()
	if !ok || other == nil {
		return nil, refuse("ErrorInvalidRestriction")
	}
	element := g.kind
	if isArray(element) {
		element = ews.PropertyType(strings.TrimSuffix(string(element), "Array"))
	}
	absent := n.Local == "IsNotEqualTo"
	var constant typedValue
	var second getter[T]
	if other.Local == "Constant" {
		if constant, ok = parseValue(element, other.Get("Value")); !ok {
			return nil, refuse("ErrorInvalidValueForProperty")
		}
	} else {
		var refused *refusal
		if second, refused = r.path(other); refused != nil {
			return nil, refused
		}
	}
	return func(t T) bool {
		values, ok := g.get(t)
		if !ok {
			return absent
		}
		want := constant
		if second.get != nil {
			others, ok := second.get(t)
			if !ok || len(others) == 0 {
				return absent
			}
			if want, ok = parseValue(element, others[0]); !ok {
				return absent
			}
		}
		for _, s := range values {
			if v, ok := parseValue(element, s); ok && holds(v.compare(want)) {
				return true
			}
		}
		return false
	}, nil
}

var relations = map[string]func(int) bool{
	"IsEqualTo":              func(c int) bool { return c == 0 },
	"IsNotEqualTo":           func(c int) bool { return c != 0 },
	"IsGreaterThan":          func(c int) bool { return c > 0 },
	"IsGreaterThanOrEqualTo": func(c int) bool { return c >= 0 },
	"IsLessThan":             func(c int) bool { return c < 0 },
	"IsLessThanOrEqualTo":    func(c int) bool { return c <= 0 },
}
