//go:build ewsschema

package ewsschema_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
)

// element is a document that can be modified and written again.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*element
}

// mutants returns variants of a request, each with one change: an element or
// attribute removed, added, duplicated, swapped with its neighbour or renamed, or
// a value of another type.
func mutants(b []byte) [][]byte {
	root := readElement(b)
	if root == nil {
		return nil
	}
	all := [][]byte{root.bytes()}
	emit := func() { all = append(all, root.bytes()) }
	var walk func(e *element)
	walk = func(e *element) {
		for i, c := range e.children {
			before := e.children
			for _, changed := range [][]*element{
				slices.Concat(before[:i], before[i+1:]),
				slices.Concat(before[:i+1], before[i:]),
				swapped(before, i),
				slices.Concat(before[:i], []*element{{name: xml.Name{Space: c.name.Space, Local: "Unknown"}}}, before[i:]),
			} {
				if changed != nil {
					e.children = changed
					emit()
				}
			}
			e.children = before
			name := c.name
			c.name.Local = strings.ToLower(name.Local[:1]) + name.Local[1:]
			emit()
			c.name = name
			c.name.Space = otherSpace(name.Space)
			emit()
			c.name = name
			walk(c)
		}
		attrs := e.attrs
		for i, a := range attrs {
			e.attrs = slices.Concat(attrs[:i], attrs[i+1:])
			emit()
			e.attrs = slices.Concat(attrs, []xml.Attr{{Name: xml.Name{Local: "Unknown"}, Value: "1"}})
			emit()
			for _, v := range values(a.Value) {
				e.attrs = slices.Clone(attrs)
				e.attrs[i].Value = v
				emit()
			}
			e.attrs = attrs
		}
		text := e.text
		if len(e.children) == 0 {
			for _, v := range values(text) {
				e.text = v
				emit()
			}
		} else {
			e.text = "text"
			emit()
		}
		e.text = text
	}
	for _, part := range root.children {
		walk(part)
	}
	return all
}

func swapped(c []*element, i int) []*element {
	if i+1 >= len(c) || c[i].name == c[i+1].name {
		return nil
	}
	c = slices.Clone(c)
	c[i], c[i+1] = c[i+1], c[i]
	return c
}

func otherSpace(uri string) string {
	if strings.HasSuffix(uri, "/types") {
		return strings.TrimSuffix(uri, "types") + "messages"
	}
	return strings.TrimSuffix(uri, "messages") + "types"
}

// values returns texts to replace v. None has white space around it, because xmllint does
// not collapse it before reading a number or a time.
func values(v string) []string {
	return []string{"", v + "x", strings.ToUpper(v), "true", "-5", "70000", "0x12", "2026-02-29T00:00:00Z", "2026-11-25", "AQID", "1 2"}
}

func readElement(b []byte) *element {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	root := &element{}
	open := []*element{root}
	for {
		tok, err := d.Token()
		if err == io.EOF && len(root.children) == 1 {
			return root.children[0]
		}
		if err != nil {
			return nil
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &element{name: tok.Name}
			for _, a := range tok.Attr {
				if a.Name.Space == "" && a.Name.Local != "xmlns" {
					e.attrs = append(e.attrs, a)
				}
			}
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			if len(top.children) > 0 && strings.TrimSpace(top.text) == "" {
				top.text = ""
			}
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(tok)
		}
	}
}

func (e *element) bytes() []byte {
	var b bytes.Buffer
	e.write(&b)
	return b.Bytes()
}

func (e *element) write(b *bytes.Buffer) {
	b.WriteString("<" + e.name.Local + ` xmlns="` + e.name.Space + `"`)
	for _, a := range e.attrs {
		b.WriteString(" " + a.Name.Local + `="`)
		_ = xml.EscapeText(b, []byte(a.Value))
		b.WriteString(`"`)
	}
	b.WriteString(">")
	_ = xml.EscapeText(b, []byte(e.text))
	for _, c := range e.children {
		c.write(b)
	}
	b.WriteString("</" + e.name.Local + ">")
}
