package eml

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decodes header texts of any charset

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// field is one header field. Its lines have neither line ends nor leading white
// space. A line that is not a field is kept as one without a name.
type field struct {
	name  string
	lines [][]byte
}

// value returns the unfolded field as valid UTF-8. If it is not UTF-8, it is read
// as Latin-1.
func (f field) value() string {
	v := bytes.TrimSpace(bytes.Join(f.lines, []byte(" ")))
	if utf8.Valid(v) {
		return string(v)
	}
	runes := make([]rune, len(v))
	for i, c := range v {
		runes[i] = rune(c)
	}
	return string(runes)
}

// splitHeader splits a message or part into its fields and its body. If the first line is
// not a field, everything is body. A byte order mark before the first field is left out.
func splitHeader(raw []byte) (fields []field, body []byte) {
	rest := bytes.TrimPrefix(raw, []byte("\uFEFF"))
	for len(rest) > 0 {
		line, after := cutLine(rest)
		switch {
		case len(line) == 0:
			return fields, after
		case line[0] == ' ' || line[0] == '\t':
			if len(fields) == 0 {
				return nil, raw
			}
			last := &fields[len(fields)-1]
			last.lines = append(last.lines, bytes.TrimLeft(line, " \t"))
		default:
			name, value, ok := cutField(line)
			switch {
			case ok:
				fields = append(fields, field{name, [][]byte{value}})
			case len(fields) > 0:
				fields = append(fields, field{"", [][]byte{line}})
			case bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From ")):
				// The separator of an mbox file.
			default:
				return nil, raw
			}
		}
		rest = after
	}
	return fields, nil
}

// cutLine returns the first line without its end, and what follows it.
func cutLine(b []byte) (line, rest []byte) {
	before, after, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return b, nil
	}
	line, rest = before, after
	if len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line, rest
}

func cutField(line []byte) (name string, value []byte, ok bool) {
	n, v, ok := bytes.Cut(line, []byte(":"))
	n = bytes.TrimRight(n, " \t")
	if !ok || len(n) == 0 {
		return "", nil, false
	}
	for _, c := range n {
		if c <= ' ' || c >= 0x7F {
			return "", nil, false
		}
	}
	return string(n), bytes.TrimLeft(v, " \t"), true
}

// get returns the first field with a name, unfolded, and whether it exists.
func get(fields []field, name string) (string, bool) {
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			return f.value(), true
		}
	}
	return "", false
}

// decode decodes encoded words. A value that cannot be decoded stays as it is.
func decode(value string) string {
	if !strings.Contains(value, "=?") {
		return value
	}
	var h message.Header
	h.Set("Subject", mimeparam.JoinWords(value))
	text, err := h.Text("Subject")
	if err != nil || !utf8.ValidString(text) {
		return value
	}
	return text
}

// typed parses a field with parameters, such as Content-Type, as far as possible.
func typed(value string) (kind string, params map[string]string) {
	field := mimeparam.Parse(value)
	params = make(map[string]string)
	for _, name := range field.Names() {
		params[name] = field.Get(name)
	}
	return field.Value, params
}

// encodeText encodes a header text for use in a message.
func encodeText(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, s)
	return mime.QEncoding.Encode("utf-8", clean)
}
