package eml

import (
	"bytes"
	"strings"
)

// Limits of the structure. Beyond them it is not parsed any further.
const (
	maxDepth = 24
	maxParts = 2000
)

// Message is a parsed message. It does not change, and its methods may be called
// concurrently.
type Message struct {
	raw  []byte
	root *part
}

// part is a node of the MIME tree. A multipart has kids unless its structure
// cannot be parsed.
type part struct {
	fields []field
	body   []byte // encoded, between header and delimiter
	kind   string // media type in lower case
	params map[string]string
	kids   []*part
}

// Parse reads a message. It accepts any input. The message refers to raw, which
// must not be modified afterwards.
func Parse(raw []byte) *Message {
	budget := maxParts
	return &Message{raw: raw, root: parsePart(raw, 0, &budget, "text/plain")}
}

// Raw returns the bytes that the message was read from.
func (m *Message) Raw() []byte { return m.raw }

func parsePart(raw []byte, depth int, budget *int, kind string) *part {
	*budget--
	p := &part{kind: kind}
	p.fields, p.body = splitHeader(raw)
	if v, ok := get(p.fields, "Content-Type"); ok {
		k, params := typed(v)
		if strings.Contains(k, "/") {
			p.kind = k
		}
		p.params = params
	}
	if !strings.HasPrefix(p.kind, "multipart/") || p.kind == "multipart/signed" || depth >= maxDepth {
		return p
	}
	inner := "text/plain"
	if p.kind == "multipart/digest" {
		inner = "message/rfc822"
	}
	for _, k := range splitParts(p.body, p.params["boundary"], *budget) {
		p.kids = append(p.kids, parsePart(k, depth+1, budget, inner))
	}
	return p
}

// splitParts returns the parts of a multipart body, or none without a delimiter. The last
// part need not be closed. Like Exchange, splitParts drops the text before the first part
// and after the last.
func splitParts(body []byte, boundary string, budget int) [][]byte {
	if boundary == "" {
		return nil
	}
	delimiter := []byte("--" + boundary)
	var parts [][]byte
	begin := -1 // of the current part
	for pos := 0; pos < len(body); {
		i := bytes.Index(body[pos:], delimiter)
		if i < 0 {
			break
		}
		at := pos + i
		line, rest := cutLine(body[at+len(delimiter):])
		end := len(body) - len(rest)
		closing := bytes.HasPrefix(line, []byte("--"))
		if at > 0 && body[at-1] != '\n' || len(bytes.Trim(line, "- \t")) > 0 {
			pos = at + len(delimiter)
			continue
		}
		if begin >= 0 {
			parts = append(parts, trimEnd(body[begin:max(begin, at)]))
		}
		begin, pos = end, end
		if closing || len(parts) >= budget {
			return parts
		}
	}
	if begin >= 0 {
		parts = append(parts, body[begin:])
	}
	return parts
}

// trimEnd removes the line end that belongs to the delimiter.
func trimEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// leaves calls f for each part without kids, in order.
func (p *part) leaves(f func(*part)) {
	if len(p.kids) == 0 {
		f(p)
		return
	}
	for _, k := range p.kids {
		k.leaves(f)
	}
}

// Header returns a header field of the message, unfolded and decoded. If there are several,
// it returns the first.
func (m *Message) Header(name string) string {
	v, _ := get(m.root.fields, name)
	return decode(v)
}

// Has reports whether the message has a header field.
func (m *Message) Has(name string) bool {
	_, ok := get(m.root.fields, name)
	return ok
}

// Field is a header field as a client sees it.
type Field struct{ Name, Value string }

// Fields returns the header fields, unfolded but not decoded.
func (m *Message) Fields() []Field {
	all := make([]Field, 0, len(m.root.fields))
	for _, f := range m.root.fields {
		if f.name != "" {
			all = append(all, Field{Name: f.name, Value: f.value()})
		}
	}
	return all
}

// HeaderText returns the header block as text with CRLF line ends.
func (m *Message) HeaderText() string {
	var b strings.Builder
	for _, f := range m.root.fields {
		if f.name == "" {
			continue
		}
		b.WriteString(f.name)
		b.WriteString(": ")
		for i, line := range f.lines {
			if i > 0 {
				b.WriteString("\r\n\t")
			}
			b.WriteString(field{lines: [][]byte{line}}.value())
		}
		b.WriteString("\r\n")
	}
	return b.String()
}
