package graphtest

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// terms compiles the leaves of a filter: conditions on properties of a T.
type terms[T any] struct {
	// values are the properties that can be compared: string, bool, float64 or time.Time;
	// nil stands for null.
	values map[string]func(T) any
	// lists are the properties with several texts, for any.
	lists map[string]func(T) []string
	// extended returns the extended properties.
	extended func(T, ews.ExtendedField) (ews.ExtendedProperty, bool)
	// substrings means that contains and startswith are supported.
	substrings bool
}

// compile returns the condition of a filter.
func (t *terms[T]) compile(n node) (func(T) bool, *refusal) {
	switch n := n.(type) {
	case both:
		return t.join(n.left, n.right, func(a, b bool) bool { return a && b })
	case either:
		return t.join(n.left, n.right, func(a, b bool) bool { return a || b })
	case negation:
		f, refused := t.compile(n.of)
		return func(v T) bool { return !f(v) }, refused
	case comparison:
		get := t.values[n.path]
		if get == nil || n.cast != "" {
			return nil, filterRefused(n.path)
		}
		if refused := fits(n); refused != nil {
			return nil, refused
		}
		return func(v T) bool { return compared(get(v), n.op, n.value) }, nil
	case function:
		get := t.values[n.path]
		if get == nil || !t.substrings {
			return nil, filterRefused(n.path)
		}
		if typeOf(n.path) != edmString {
			return nil, bad("No function signature for the function with name '%s' matches the specified arguments.", n.name)
		}
		return func(v T) bool {
			text, ok := get(v).(string)
			return ok && within(n.name, text, n.text)
		}, nil
	case quantifier:
		if n.path == "singleValueExtendedProperties" && t.extended != nil {
			return t.anyExtended(n)
		}
		get := t.lists[n.path]
		texts, ok := alternatives(n.body, n.variable)
		if get == nil || !ok {
			return nil, filterRefused(n.path)
		}
		return func(v T) bool {
			return slices.ContainsFunc(get(v), func(s string) bool {
				return slices.ContainsFunc(texts, func(text string) bool { return strings.EqualFold(s, text) })
			})
		}, nil
	}
	return nil, filterRefused("?")
}

// Types of OData.
const (
	edmString  = "Edm.String"
	edmBoolean = "Edm.Boolean"
	edmTime    = "Edm.DateTimeOffset"
	edmNumber  = "Edm.Int32"
)

// typeOf returns the type of a property, as its name implies.
func typeOf(path string) string {
	switch {
	case strings.HasSuffix(path, "DateTime"):
		return edmTime
	case strings.HasSuffix(path, "Count"):
		return edmNumber
	case strings.HasPrefix(path, "is"), strings.HasPrefix(path, "has"):
		return edmBoolean
	}
	return edmString
}

// fits refuses to compare a property with a literal of another type.
func fits(n comparison) *refusal {
	is, with := typeOf(n.path), edmString
	switch n.value.(type) {
	case nil:
		return nil
	case bool:
		with = edmBoolean
	case time.Time:
		with = edmTime
	case float64:
		with = edmNumber
	}
	if is != with || is == edmBoolean && n.op != "eq" && n.op != "ne" {
		return bad("A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind '%s'.", is, with, n.op)
	}
	return nil
}

func (t *terms[T]) join(left, right node, how func(a, b bool) bool) (func(T) bool, *refusal) {
	f, refused := t.compile(left)
	if refused != nil {
		return nil, refused
	}
	g, refused := t.compile(right)
	return func(v T) bool { return how(f(v), g(v)) }, refused
}

// anyExtended compiles a condition on the id and value of an extended property. See
// https://learn.microsoft.com/en-us/graph/api/singlevaluelegacyextendedproperty-get.
func (t *terms[T]) anyExtended(n quantifier) (func(T) bool, *refusal) {
	b, ok := n.body.(both)
	if !ok {
		return nil, filterRefused(n.path + " needs an id and a value")
	}
	named, value := b.left, b.right
	if c, ok := named.(comparison); !ok || c.path != n.variable+"/id" {
		named, value = value, named
	}
	ids, ok := alternatives(named, n.variable+"/id")
	if !ok || len(ids) != 1 {
		return nil, filterRefused(n.path + " needs one id")
	}
	f, _, refused := extendedID(ids[0], false)
	if refused != nil {
		return nil, refused
	}
	key := mailstore.Key(f)
	meets, refused := extendedValue(f, value, n.variable+"/value")
	if refused != nil {
		return nil, refused
	}
	return func(v T) bool {
		p, ok := t.extended(v, key)
		if key.Set == ews.SetInternetHeaders {
			ok = false // headers by name cannot be searched
		}
		return meets(p.Value, ok)
	}, nil
}

// extendedValue compiles a condition on a value: a text, or a number with a cast.
func extendedValue(f ews.ExtendedField, n node, path string) (func(value string, there bool) bool, *refusal) {
	switch n := n.(type) {
	case function:
		if n.path != path || f.Type != ews.TypeString || n.name == "endswith" {
			break
		}
		return func(value string, there bool) bool { return there && within(n.name, value, n.text) }, nil
	case comparison:
		if n.path != path {
			break
		}
		if n.value == nil && n.cast == "" && (n.op == "eq" || n.op == "ne") {
			return func(_ string, there bool) bool { return there == (n.op == "ne") }, nil
		}
		text, isText := n.value.(string)
		if isText && n.cast == "" && f.Type == ews.TypeString && (n.op == "eq" || n.op == "ne") {
			return func(value string, there bool) bool { return there && compared(value, n.op, text) }, nil
		}
		_, isNumber := n.value.(float64)
		if isNumber && (n.cast == "Edm.Int32" && f.Type == ews.TypeInteger || n.cast == "Edm.Int64" && f.Type == ews.TypeLong) {
			return func(value string, there bool) bool { return there && compared(number(value), n.op, n.value) }, nil
		}
	}
	return nil, filterRefused("the value of " + string(f.Type))
}

// within implements contains, startswith and endswith, which ignore case.
func within(name, text, part string) bool {
	text, part = mailstore.Fold(text), mailstore.Fold(part)
	switch name {
	case "startswith":
		return strings.HasPrefix(text, part)
	case "endswith":
		return strings.HasSuffix(text, part)
	}
	return strings.Contains(text, part)
}

// compared compares a value with a literal. Texts are compared without case, as in the
// store; a missing value equals null and nothing else.
func compared(value any, op string, with literal) bool {
	order := 0
	switch v := value.(type) {
	case string:
		w, ok := with.(string)
		if !ok {
			return op == "ne"
		}
		order = cmp.Compare(mailstore.Fold(v), mailstore.Fold(w))
	case bool:
		w, ok := with.(bool)
		if ok && v == w {
			return op == "eq"
		}
		return op == "ne"
	case float64:
		w, ok := with.(float64)
		if !ok {
			return op == "ne"
		}
		order = cmp.Compare(v, w)
	case time.Time:
		w, ok := with.(time.Time)
		if !ok {
			return op == "ne"
		}
		order = v.Compare(w)
	default:
		return (with == nil) == (op == "eq")
	}
	switch op {
	case "eq":
		return order == 0
	case "ne":
		return order != 0
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	}
	return order <= 0
}

// paths returns the properties that a filter compares, in order.
func paths(n node) []string {
	switch n := n.(type) {
	case both:
		return append(paths(n.left), paths(n.right)...)
	case either:
		return append(paths(n.left), paths(n.right)...)
	case negation:
		return paths(n.of)
	case comparison:
		return []string{n.path}
	case function:
		return []string{n.path}
	case quantifier:
		return []string{n.path}
	}
	return nil
}

// number parses a number from the store.
func number(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return n
}
