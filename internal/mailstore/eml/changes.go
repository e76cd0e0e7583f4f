package eml

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message"
)

// Changes are changes that some servers make when they rewrite a message. The zero value
// changes nothing.
type Changes struct {
	Drop   bool // leave out header fields of the message whose names begin with X-
	Rename bool // rename named attachments to ATT00001 and so on, with their extensions
	Recode bool // convert texts and the subject to UTF-8, with another transfer encoding
}

// apply returns the message with the changes applied.
func (c Changes) apply(root *part) *part {
	if c == (Changes{}) {
		return root
	}
	top := *root
	top.fields = slices.Clone(root.fields)
	if c.Drop {
		top.fields = slices.DeleteFunc(top.fields, func(f field) bool { return strings.HasPrefix(strings.ToLower(f.name), "x-") })
	}
	if c.Recode {
		for i, f := range top.fields {
			if strings.EqualFold(f.name, "Subject") {
				text := mime.BEncoding.Encode("utf-8", decode(f.value()))
				top.fields[i] = newField(f.name, text)
			}
		}
	}
	attached := 0
	return c.part(&top, &attached)
}

func (c Changes) part(p *part, attached *int) *part {
	if len(p.kids) > 0 {
		changed := *p
		changed.kids = make([]*part, len(p.kids))
		for i, k := range p.kids {
			changed.kids[i] = c.part(k, attached)
		}
		return &changed
	}
	name, isAttachment := p.attachmentLike()
	switch {
	case p.kind == "message/rfc822", p.kind == "multipart/signed", isEnveloped(p.kind):
	case isAttachment:
		if c.Rename && name != "" {
			*attached++
			return p.renamed(fmt.Sprintf("ATT%05d%s", *attached, path.Ext(strings.ToValidUTF8(decode(name), "\uFFFD"))))
		}
	case c.Recode && strings.HasPrefix(p.kind, "text/"):
		return p.recoded()
	}
	return p
}

// with returns the part with some fields set. They replace fields of the same names in
// place; new ones are appended.
func (p *part) with(fields ...field) *part {
	changed := *p
	changed.fields = slices.Clone(p.fields)
	for _, f := range fields {
		same := func(old field) bool { return strings.EqualFold(old.name, f.name) }
		if i := slices.IndexFunc(changed.fields, same); i >= 0 {
			changed.fields[i] = f
		} else {
			changed.fields = append(changed.fields, f)
		}
	}
	return &changed
}

// renamed returns the attachment under another name.
func (p *part) renamed(name string) *part {
	var fields []field
	if value, ok := get(p.fields, "Content-Disposition"); ok {
		disposition, params := typed(value)
		params["filename"] = name
		fields = append(fields, newField("Content-Disposition", parameters(disposition, "attachment", params)))
	}
	if p.params["name"] != "" {
		fields = append(fields, newField("Content-Type", parameters(p.kind, "application/octet-stream", p.understood("name", name))))
	}
	return p.with(fields...)
}

// understood returns the parameters of the media type with one of them set. It leaves out
// those that could not be decoded, because they might gain a meaning when they are written
// again.
func (p *part) understood(name, value string) map[string]string {
	params := map[string]string{name: value}
	for k, v := range p.params {
		if k != name && !strings.Contains(k, "*") {
			params[k] = v
		}
	}
	return params
}

// parameters formats a value with parameters. If that is not possible, it returns the plain
// value without parameters.
func parameters(value, plain string, params map[string]string) string {
	if text := mime.FormatMediaType(value, params); text != "" {
		return text
	}
	return plain
}

// recoded returns the text in UTF-8 with another transfer encoding. A text that cannot be
// decoded is returned unchanged.
func (p *part) recoded() *part {
	text, ok := p.utf8()
	if !ok {
		return p
	}
	value := mime.FormatMediaType(p.kind, p.understood("charset", "utf-8"))
	if value == "" {
		return p
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	var body bytes.Buffer
	encoding := "base64"
	if old, _ := get(p.fields, "Content-Transfer-Encoding"); strings.EqualFold(strings.TrimSpace(old), encoding) {
		encoding = "quoted-printable"
		w := quotedprintable.NewWriter(&body)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
	} else {
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		for line := range slices.Chunk([]byte(encoded), 76) {
			body.Write(line)
			body.WriteString("\r\n")
		}
	}
	changed := p.with(newField("Content-Type", value), newField("Content-Transfer-Encoding", encoding))
	changed.body = body.Bytes()
	return changed
}

// utf8 returns the whole text in UTF-8, and whether it could be decoded.
func (p *part) utf8() (string, bool) {
	encoding, _ := get(p.fields, "Content-Transfer-Encoding")
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "7bit", "8bit", "binary", "quoted-printable", "base64":
	default:
		return "", false
	}
	b, err := io.ReadAll(p.open())
	if err != nil {
		return "", false
	}
	if charset := p.params["charset"]; charset != "" {
		var h message.Header
		h.SetContentType("text/plain", map[string]string{"charset": charset})
		e, err := message.New(h, bytes.NewReader(b))
		if err != nil {
			return "", false
		}
		decoded, err := io.ReadAll(e.Body)
		if err != nil || !bytes.Equal(decoded, b) && bytes.ContainsRune(decoded, utf8.RuneError) {
			return "", false
		}
		b = decoded
	}
	return string(b), utf8.Valid(b)
}
