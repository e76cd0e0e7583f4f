package ewsschema

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// simpleType is a type of text: a built-in one if check is set, an enumeration
// if enum is set, and otherwise a list, union or restriction of its members.
type simpleType struct {
	check    func(string) bool
	collapse bool // white space around the value is ignored

	enum map[string]Version // values, with the versions that added them

	members []*simpleType
	list    bool

	minLength          int
	minValue, maxValue *int64
	pattern            *regexp.Regexp
}

// limit adds a facet.
func (s *simpleType) limit(facet, value string) error {
	var err error
	switch facet {
	case "minLength":
		s.minLength, err = strconv.Atoi(value)
	case "minInclusive":
		s.minValue, err = parseBound(value)
	case "maxInclusive":
		s.maxValue, err = parseBound(value)
	case "pattern":
		s.pattern, err = regexp.Compile("^(?:" + value + ")$")
	default:
		err = fmt.Errorf("unknown facet %q", facet)
	}
	return err
}

func parseBound(s string) (*int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	return &n, err
}

// fault returns the error in a value, in the words of .NET's validator, or an
// empty string if it is valid.
func (s *simpleType) fault(value string, v Version) string {
	switch {
	case s.check != nil:
		if s.collapse {
			value = strings.Trim(value, blanks)
		}
		if !s.check(value) {
			return "The string is not a valid value of the type."
		}
	case s.enum != nil:
		if since, ok := s.enum[value]; !ok || since > v {
			return "The Enumeration constraint failed."
		}
	case s.list:
		for item := range strings.FieldsSeq(value) {
			if f := s.members[0].fault(item, v); f != "" {
				return f
			}
		}
	case len(s.members) > 1:
		for _, m := range s.members {
			if m.fault(value, v) == "" {
				return ""
			}
		}
		return "The value is of none of the types of the union."
	default:
		return s.restricted(value, v)
	}
	return ""
}

func (s *simpleType) restricted(value string, v Version) string {
	if f := s.members[0].fault(value, v); f != "" {
		return f
	}
	if s.members[0].collapse {
		value = strings.Trim(value, blanks)
	}
	if len(value) < s.minLength {
		return "The actual length is less than the MinLength value."
	}
	if s.pattern != nil && !s.pattern.MatchString(value) {
		return "The Pattern constraint failed."
	}
	if s.minValue != nil || s.maxValue != nil {
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
			return "The string is not a valid value of the type."
		case s.minValue != nil && n < *s.minValue:
			return "The MinInclusive constraint failed."
		case s.maxValue != nil && n > *s.maxValue:
			return "The MaxInclusive constraint failed."
		}
	}
	return ""
}

// builtins returns the types of XML Schema that EWS uses.
func builtins() map[string]*simpleType {
	collapsed := func(check func(string) bool) *simpleType {
		return &simpleType{check: check, collapse: true}
	}
	anything := func(string) bool { return true }
	return map[string]*simpleType{
		"string":             {check: anything},
		"anyURI":             collapsed(anything),
		"boolean":            collapsed(isBoolean),
		"long":               collapsed(integer(math.MinInt64, math.MaxInt64)),
		"int":                collapsed(integer(math.MinInt32, math.MaxInt32)),
		"unsignedInt":        collapsed(integer(0, math.MaxUint32)),
		"nonNegativeInteger": collapsed(integer(0, math.MaxInt64)),
		"unsignedShort":      collapsed(integer(0, math.MaxUint16)),
		"double":             collapsed(isDouble),
		"language":           collapsed(regexp.MustCompile(`^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$`).MatchString),
		"base64Binary":       collapsed(isBase64),
		"dateTime":           collapsed(moment(true, true)),
		"date":               collapsed(moment(true, false)),
		"time":               collapsed(moment(false, true)),
		"duration":           collapsed(isDuration),
	}
}

func isBoolean(s string) bool { return s == "true" || s == "false" || s == "1" || s == "0" }

func integer(low, high int64) func(string) bool {
	return func(s string) bool {
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && n >= low && n <= high
	}
}

var double = regexp.MustCompile(`^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN)$`)

func isDouble(s string) bool { return double.MatchString(s) }

// isBase64 checks without decoding, because the text may be very large.
func isBase64(s string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var known [256]bool
	for i := range len(alphabet) {
		known[alphabet[i]] = true
	}
	digits, padding := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case known[c] && padding == 0:
			digits++
		case c == '=':
			padding++
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return false
		}
	}
	return (digits+padding)%4 == 0 && padding <= 2
}
