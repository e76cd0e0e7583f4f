package headerscan

import "strings"

// Fields returns the values of the fields that have one of the names, unfolded and in
// order. The header ends at the first empty line; empty lines before it are skipped. A
// line that is not a field continues the field before it, because senders forget the
// blank at the beginning of a line. A carriage return also ends a line.
//
// See https://www.rfc-editor.org/rfc/rfc5322#section-2.2.
func Fields(header string, names ...string) []string {
	c := collector{names: names}
	header = strings.TrimPrefix(header, "\uFEFF")
	for line := range strings.SplitSeq(header, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" {
			if c.begun {
				break
			}
			continue
		}
		for piece := range strings.SplitSeq(line, "\r") {
			c.line(piece)
		}
	}
	c.end()
	return c.values
}

// collector joins the lines of wanted fields.
type collector struct {
	names  []string
	values []string
	value  strings.Builder
	begun  bool // a field has been seen
	wanted bool // the last field is wanted
}

func (c *collector) line(s string) {
	if s == "" {
		return
	}
	name, value, ok := cutField(s)
	if !ok {
		if c.wanted {
			c.value.WriteByte(' ')
			c.value.WriteString(s)
		}
		return
	}
	c.end()
	c.begun = true
	for _, n := range c.names {
		if strings.EqualFold(n, name) {
			c.wanted = true
			c.value.WriteString(value)
			return
		}
	}
}

func (c *collector) end() {
	if c.wanted {
		c.values = append(c.values, c.value.String())
	}
	c.value.Reset()
	c.wanted = false
}

// cutField splits a line into the name of a field and its value.
func cutField(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	name = strings.TrimRight(name, " \t")
	if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return "", "", false
	}
	// An address that was broken off, such as <mailto:a@b.example>, does not begin a field.
	if strings.ContainsAny(name, `<>@"(),;`) {
		return "", "", false
	}
	return name, value, true
}
