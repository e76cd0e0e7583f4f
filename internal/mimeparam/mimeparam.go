// Package mimeparam reads header fields with parameters, such as Content-Type and
// Content-Disposition (RFC 2045, section 5.1, and RFC 2231), as mail programs do: a
// defect in one parameter does not affect the others, and values may be in any charset.
//
// Package mime of the standard library rejects a field with a defect, and for RFC 2231
// knows no charset but UTF-8.
package mimeparam

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Field is a parsed header field.
type Field struct {
	Value  string // before the first semicolon, lower case, without comments
	params []param
}

// param is a parameter as written, without its quotes.
type param struct {
	name     string // lower case, without the asterisk and number
	number   int    // of a segment; -1 means that the value is in one piece
	extended bool   // percent-encoded, with a charset if it is the first segment
	value    string
}

// Parse reads the body of a field. Its line ends must have been removed.
func Parse(body string) Field {
	value, rest := cut(body)
	f := Field{Value: strings.ToLower(strings.TrimSpace(withoutComments(value)))}
	for rest != "" {
		var pair string
		pair, rest = cut(rest)
		if p, ok := parse(pair); ok {
			f.params = append(f.params, p)
		}
	}
	return f
}

// cut cuts at the first semicolon outside quotes. A quotation mark opens quotes only
// at the beginning of a value; elsewhere it is text.
func cut(s string) (before, after string) {
	quoted, begins := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && (quoted || begins):
			quoted, begins = !quoted, false
		case c == ';' && !quoted:
			return s[:i], s[i+1:]
		case c == '=' && !quoted:
			begins = true
		case c != ' ' && c != '\t':
			begins = false
		}
	}
	if quoted {
		// Quotes that never end are text.
		before, after, _ = strings.Cut(s, ";")
		return before, after
	}
	return s, ""
}

func parse(pair string) (param, bool) {
	name, value, ok := strings.Cut(pair, "=")
	name = strings.ToLower(strings.TrimSpace(withoutComments(name)))
	if !ok || name == "" {
		return param{}, false
	}
	p := param{number: -1, value: unquote(strings.TrimSpace(value))}
	p.name, p.extended = strings.CutSuffix(name, "*")
	if stem, digits, ok := strings.Cut(p.name, "*"); ok {
		if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
			p.name, p.number = stem, int(n)
		}
	}
	return p, true
}

// unquote removes the quotes, or the comment after an unquoted value. A backslash stays
// unless it precedes a quotation mark or another backslash, because programs write file
// paths without escaping them.
func unquote(s string) string {
	if s == "" || s[0] != '"' {
		for _, blank := range []string{" (", "\t("} {
			if i := strings.Index(s, blank); i > 0 && strings.HasSuffix(s, ")") {
				s = s[:i]
			}
		}
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case c == '"':
			return b.String()
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSuffix(b.String(), `"`)
}

// withoutComments removes comments (RFC 5322, section 3.2.2). One that does not end is
// text.
func withoutComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth, begin := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && depth > 0:
			i++
		case c == '(':
			if depth == 0 {
				b.WriteString(s[begin:i])
				begin = i
			}
			depth++
		case c == ')' && depth > 0:
			if depth--; depth == 0 {
				begin = i + 1
			}
		}
	}
	b.WriteString(s[begin:])
	return b.String()
}

// Get returns a parameter, preferring the form of RFC 2231 if it is given in several
// forms. It returns "" if the field lacks the parameter.
func (f Field) Get(name string) string {
	if all := f.All(name); len(all) > 0 {
		return all[0].Text
	}
	return ""
}

// Names returns the names of the parameters in lower case, without duplicates.
func (f Field) Names() []string {
	var all []string
	seen := make(map[string]bool)
	for _, p := range f.params {
		if !seen[p.name] {
			seen[p.name] = true
			all = append(all, p.name)
		}
	}
	return all
}

// Text is one reading of a parameter.
type Text struct {
	Text string
	// Guessed means that the charset is not named or not known, or that the text is not
	// in the charset that is named.
	Guessed bool
}

// All returns the different readings of a parameter. Those in the forms of RFC 2231 come
// first, because programs prefer them; then come the plain ones, in the order of the
// field.
func (f Field) All(name string) []Text {
	var all []Text
	seen := make(map[string]bool)
	add := func(t Text) {
		if t.Text != "" && !seen[t.Text] {
			seen[t.Text] = true
			all = append(all, t)
		}
	}
	var segments []param
	for _, p := range f.params {
		switch {
		case p.name != name:
		case p.number >= 0:
			segments = append(segments, p)
		case p.extended:
			add(join([]param{p}))
		}
	}
	slices.SortStableFunc(segments, func(a, b param) int { return cmp.Compare(a.number, b.number) })
	segments = slices.CompactFunc(segments, func(a, b param) bool { return a.number == b.number })
	if len(segments) > 0 {
		add(join(segments))
	}
	for _, p := range f.params {
		if p.name == name && p.number < 0 && !p.extended {
			add(plain(p.value))
		}
	}
	return all
}
