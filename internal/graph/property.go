package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// Property is a MAPI property by tag, or by name or number within a property set. It is
// comparable.
type Property struct {
	Type string // String, Integer, Boolean, SystemTime, Binary …
	Tag  uint32 // id of a tagged property
	Set  string // GUID of the set of a named one, in lower case
	Name string // its name
	ID   uint32 // or its number
}

// String returns the property as Graph writes it.
// See https://learn.microsoft.com/en-us/graph/api/resources/extended-properties-overview.
func (p Property) String() string {
	switch {
	case p.Set == "":
		return fmt.Sprintf("%s 0x%04X", p.Type, p.Tag)
	case p.Name != "":
		return fmt.Sprintf("%s {%s} Name %s", p.Type, p.Set, p.Name)
	}
	return fmt.Sprintf("%s {%s} Id 0x%04X", p.Type, p.Set, p.ID)
}

// ParseProperty reads Graph's spelling of a property, which may differ in case and
// leading zeros from the one requested. It reports false if text is not a property.
func ParseProperty(text string) (Property, bool) {
	kind, rest, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok || kind == "" {
		return Property{}, false
	}
	p := Property{Type: strings.ToUpper(kind[:1]) + kind[1:]}
	rest = strings.TrimSpace(rest)
	if !strings.HasPrefix(rest, "{") {
		tag, ok := number(rest)
		p.Tag = tag
		return p, ok
	}
	set, rest, ok := strings.Cut(rest[1:], "}")
	if !ok {
		return Property{}, false
	}
	p.Set = strings.ToLower(strings.TrimSpace(set))
	how, what, ok := strings.Cut(strings.TrimSpace(rest), " ")
	what = strings.TrimSpace(what)
	switch {
	case !ok || what == "":
		return Property{}, false
	case strings.EqualFold(how, "Name"):
		p.Name = what
		return p, true
	case strings.EqualFold(how, "Id"):
		p.ID, ok = number(what)
		return p, ok
	}
	return Property{}, false
}

func number(text string) (uint32, bool) {
	base := 10
	if len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		text, base = text[2:], 16
	}
	n, err := strconv.ParseUint(text, base, 32)
	return uint32(n), err == nil
}

// PropertyValue is a property with a value; nil removes it where Graph supports that.
type PropertyValue struct {
	ID    string  `json:"id"`
	Value *string `json:"value"`
}

// With returns the property with a value.
func (p Property) With(value string) PropertyValue { return PropertyValue{p.String(), &value} }

// Without returns the property without a value.
func (p Property) Without() PropertyValue { return PropertyValue{p.String(), nil} }

// Expand returns the value of $expand that requests properties.
func Expand(properties []Property) string {
	var b strings.Builder
	b.WriteString("singleValueExtendedProperties($filter=")
	for i, p := range properties {
		if i > 0 {
			b.WriteString(" or ")
		}
		b.WriteString("id eq " + Quote(p.String()))
	}
	b.WriteByte(')')
	return b.String()
}

// HasProperty returns a filter for items with a property that meets a condition, such as
// "ne null" or "eq 'x'".
func HasProperty(p Property, condition string) string {
	return "singleValueExtendedProperties/any(ep:ep/id eq " + Quote(p.String()) + " and ep/value " + condition + ")"
}

// PropertyBegins returns a filter for items with a property of type String that begins
// with a text.
func PropertyBegins(p Property, text string) string {
	return "singleValueExtendedProperties/any(ep:ep/id eq " + Quote(p.String()) + " and startswith(ep/value," + Quote(text) + "))"
}
