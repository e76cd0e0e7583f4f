package eml

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strings"
)

// Rendering is the input for rewriting a message, besides the message itself.
type Rendering struct {
	// Key identifies the item; boundaries are derived from it.
	Key []byte
	// Fields are header fields that the item has as properties. They replace fields of the
	// same name.
	Fields []Field
	// Changes are additional changes.
	Changes Changes
}

// Render rewrites the message as a server generates it from properties: with the server's
// order of fields, normalised line ends and other boundaries, but with all content. The
// same message, key and fields yield the same bytes. The result is the concatenation of
// the pieces, which may refer to the bytes of the message.
func (m *Message) Render(r Rendering) [][]byte {
	w := &writer{key: r.Key}
	replaced := func(name string) bool {
		return slices.ContainsFunc(r.Fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	}
	fields := make([]field, 0, len(m.root.fields)+len(r.Fields)+2)
	for _, f := range m.root.fields {
		if !replaced(f.name) && !strings.EqualFold(f.name, hasAttach) {
			fields = append(fields, f)
		}
	}
	for _, f := range r.Fields {
		fields = append(fields, field{f.Name, [][]byte{[]byte(encodeText(f.Value))}})
	}
	attached := ""
	if m.HasAttachments() {
		attached = "yes"
	}
	fields = append(fields, field{hasAttach, [][]byte{[]byte(attached)}})
	slices.SortStableFunc(fields, func(a, b field) int { return rank(a.name) - rank(b.name) })
	top := *m.root
	top.fields = fields
	w.part(r.Changes.apply(&top), "0")
	return w.finish()
}

// hasAttach is a field that Exchange adds to every message it renders.
const hasAttach = "X-MS-Has-Attach"

// HasAttachments reports whether there is an attachment, without reading its
// content.
func (m *Message) HasAttachments() bool {
	if m.root.kind == "multipart/signed" || isEnveloped(m.root.kind) {
		return true
	}
	found := false
	m.root.leaves(func(p *part) {
		_, attached := p.attachmentLike()
		found = found || attached || !strings.HasPrefix(p.kind, "text/") && !strings.HasPrefix(p.kind, "multipart/")
	})
	return found
}

// order is the order of the header fields. Others come before the last four.
var order = map[string]int{
	"received": 1, "from": 2, "sender": 3, "to": 4, "cc": 5, "reply-to": 6, "subject": 7,
	"date": 8, "message-id": 9, "references": 10, "in-reply-to": 11,
	"x-ms-has-attach": 13, "content-type": 14, "content-transfer-encoding": 15, "mime-version": 16,
}

func rank(name string) int {
	if n, ok := order[strings.ToLower(name)]; ok {
		return n
	}
	return 12
}

type writer struct {
	key    []byte
	pieces [][]byte
	buf    []byte // bytes that are not in pieces yet
}

func (w *writer) text(s string) { w.buf = append(w.buf, s...) }

func (w *writer) finish() [][]byte {
	if len(w.buf) > 0 {
		w.pieces = append(w.pieces, w.buf)
		w.buf = nil
	}
	return w.pieces
}

// bytes adds a body. A long one is not copied.
func (w *writer) bytes(b []byte) {
	if len(b) < 16<<10 {
		w.buf = append(w.buf, b...)
		return
	}
	w.finish()
	w.pieces = append(w.pieces, b)
}

func (w *writer) part(p *part, path string) {
	boundary := ""
	if len(p.kids) > 0 {
		boundary = w.boundary(path)
	}
	for _, f := range p.fields {
		w.field(f, p, boundary)
	}
	w.text("\r\n")
	if boundary == "" {
		w.bytes(w.body(p))
		return
	}
	for i, k := range p.kids {
		w.text("--" + boundary + "\r\n")
		w.part(k, fmt.Sprint(path, ".", i))
		w.text("\r\n")
	}
	w.text("--" + boundary + "--\r\n")
}

func (w *writer) field(f field, p *part, boundary string) {
	switch {
	case f.name == "":
		w.text("X-Malformed: ")
	case boundary != "" && strings.EqualFold(f.name, "Content-Type"):
		params := map[string]string{}
		maps.Copy(params, p.params)
		params["boundary"] = boundary
		value := mime.FormatMediaType(p.kind, params)
		if value == "" {
			// The type or a parameter cannot be formatted.
			value = mime.FormatMediaType("multipart/mixed", map[string]string{"boundary": boundary})
		}
		w.text(f.name + ": " + value + "\r\n")
		return
	default:
		w.text(f.name + ": ")
	}
	for i, line := range f.lines {
		if i > 0 {
			w.text("\r\n\t")
		}
		w.buf = append(w.buf, line...)
	}
	w.text("\r\n")
}

func (w *writer) boundary(path string) string {
	h := sha256.New()
	h.Write(w.key)
	h.Write([]byte(path))
	return "_" + fmt.Sprintf("%03d", min(len(path)/2, 999)) + "_" + strings.ToUpper(hex.EncodeToString(h.Sum(nil)[:16])) + "_"
}

// body returns the encoded body with normalised line ends. A binary or signed body stays as
// it is, and so does a text whose line ends have more than one byte.
func (w *writer) body(p *part) []byte {
	encoding, _ := get(p.fields, "Content-Transfer-Encoding")
	if strings.EqualFold(strings.TrimSpace(encoding), "binary") || p.kind == "multipart/signed" || p.wide() || !bareLF(p.body) {
		return p.body
	}
	out := make([]byte, 0, len(p.body)+len(p.body)/32)
	for i, c := range p.body {
		if c == '\n' && (i == 0 || p.body[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

// wide reports whether the text is in UTF-16 or UTF-32.
func (p *part) wide() bool {
	charset := strings.ToLower(strings.TrimSpace(p.params["charset"]))
	return strings.HasPrefix(charset, "utf-16") || strings.HasPrefix(charset, "utf-32") || strings.HasPrefix(charset, "iso-10646-ucs")
}

func bareLF(b []byte) bool {
	for rest := b; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return false
		}
		if i == 0 && (len(rest) == len(b) || b[len(b)-len(rest)-1] != '\r') || i > 0 && rest[i-1] != '\r' {
			return true
		}
		rest = rest[i+1:]
	}
}
