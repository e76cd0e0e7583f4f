package eml

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"regexp"
	"slices"
	"strings"
)

// Edit is a change to a message.
type Edit struct {
	Fields []Field // replace fields of the same names; an empty value removes a field
	Body   *Body   // replaces the text; nil: the text stays
	Files  []File  // added as attachments
}

// Body is the text of a message.
type Body struct {
	HTML bool
	Text string
}

// File is a file to attach. Its content is not encoded.
type File struct {
	Name, ContentType, ContentID, Location string
	Inline                                 bool
	Item                                   bool    // a message
	Link                                   []Field // what is known about a linked file elsewhere
	Content                                []byte
}

// Edit returns the bytes of the message with a change made. Attachments stay when
// the text is replaced.
func (m *Message) Edit(e Edit) []byte {
	root := &part{fields: m.root.fields, body: m.root.body, kind: m.root.kind, params: m.root.params, kids: m.root.kids}
	if e.Body != nil || len(e.Files) > 0 {
		root = m.restructure(e)
	}
	fields := make([]field, 0, len(root.fields)+len(e.Fields))
	for _, f := range root.fields {
		if !slices.ContainsFunc(e.Fields, func(n Field) bool { return strings.EqualFold(n.Name, f.name) }) {
			fields = append(fields, f)
		}
	}
	for _, f := range e.Fields {
		if f.Value != "" {
			fields = append(fields, field{f.Name, [][]byte{[]byte(encodeText(f.Value))}})
		}
	}
	root.fields = fields
	// An attached message may have been written here as well, and must not have the same
	// boundaries.
	h := sha256.New()
	h.Write([]byte("edit"))
	for _, f := range e.Files {
		if f.Item {
			h.Write(f.Content)
		}
	}
	w := &writer{key: h.Sum(nil)}
	w.part(root, "0")
	return bytes.Join(w.finish(), nil)
}

// restructure returns a message made from the text, the attachments and the new files.
func (m *Message) restructure(e Edit) *part {
	var attached []*part
	m.root.leaves(func(p *part) {
		if _, ok := p.attachment(); ok && p != m.root {
			attached = append(attached, p)
		}
	})
	for _, f := range e.Files {
		attached = append(attached, f.part())
	}
	body := e.Body
	if body == nil {
		text, html := m.Body()
		body = &Body{HTML: html, Text: text}
	}
	text := body.part()
	root := &part{kind: "multipart/mixed", kids: append([]*part{text}, attached...)}
	own := []field{newField("Content-Type", root.kind)}
	if len(attached) == 0 {
		root = &part{kind: text.kind, params: text.params, body: text.body}
		own = text.fields
	}
	for _, f := range m.root.fields {
		if !strings.HasPrefix(strings.ToLower(f.name), "content-") {
			root.fields = append(root.fields, f)
		}
	}
	root.fields = append(root.fields, own...)
	return root
}

func newField(name, value string) field { return field{name, [][]byte{[]byte(value)}} }

func (b *Body) part() *part {
	kind := "text/plain"
	if b.HTML {
		kind = "text/html"
	}
	return &part{
		kind: kind, params: map[string]string{"charset": "utf-8"}, body: []byte(b.Text),
		fields: []field{newField("Content-Type", kind+"; charset=utf-8"), newField("Content-Transfer-Encoding", "8bit")},
	}
}

func (f File) part() *part {
	kind := f.ContentType
	if base, _, err := mime.ParseMediaType(kind); err != nil || strings.HasPrefix(base, "multipart/") || base == "message/rfc822" {
		kind = "application/octet-stream"
	}
	disposition := "attachment"
	if f.Inline {
		disposition = "inline"
	}
	if v := mime.FormatMediaType(disposition, map[string]string{"filename": f.Name}); v != "" {
		disposition = v
	}
	encoding := "base64"
	switch {
	case f.Item:
		kind, encoding = "message/rfc822", "8bit"
	case len(f.Link) > 0:
		kind, encoding = external, "7bit"
	}
	p := &part{kind: kind, fields: []field{
		newField("Content-Type", encodeText(kind)), newField("Content-Transfer-Encoding", encoding), newField("Content-Disposition", disposition),
	}}
	if f.ContentID != "" {
		p.fields = append(p.fields, newField("Content-ID", encodeText("<"+f.ContentID+">")))
	}
	if f.Location != "" {
		p.fields = append(p.fields, newField("Content-Location", encodeText(f.Location)))
	}
	switch {
	case f.Item:
		p.body = f.Content
		return p
	case len(f.Link) > 0:
		p.body = []byte(f.link())
		return p
	}
	text := base64.StdEncoding.EncodeToString(f.Content)
	for len(text) > 76 {
		p.body = append(p.body, text[:76]+"\r\n"...)
		text = text[76:]
	}
	p.body = append(p.body, text...)
	return p
}

// Append returns a body with text appended. In a page, it goes to the end of the body
// element.
func Append(old string, html bool, text string) string {
	if html {
		if ends := bodyEnd.FindAllStringIndex(old, -1); len(ends) > 0 {
			at := ends[len(ends)-1][0]
			return old[:at] + text + old[at:]
		}
	}
	return old + text
}

var bodyEnd = regexp.MustCompile(`(?i)</body\s*>`)
