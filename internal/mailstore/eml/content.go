package eml

import (
	"bytes"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message"
	gomail "github.com/emersion/go-message/mail"
)

// Attachment is a part that a mailbox shows as an attachment.
type Attachment struct {
	Name        string
	ContentType string
	ContentID   string
	Location    string
	Size        int64 // decoded
	Inline      bool
	Item        bool    // an attached message
	Link        []Field // what is known about a linked file elsewhere
	part        *part
}

// Attachments returns the attachments in order.
func (m *Message) Attachments() []Attachment {
	var all []Attachment
	if m.root.kind == "multipart/signed" || isEnveloped(m.root.kind) {
		// To MAPI, a whole S/MIME message is one attachment.
		return []Attachment{{Name: "smime.p7m", ContentType: m.root.kind, Size: int64(len(m.root.body)), part: m.root}}
	}
	m.root.leaves(func(p *part) {
		if a, ok := p.attachment(); ok {
			all = append(all, a)
		}
	})
	return all
}

func isEnveloped(kind string) bool {
	return kind == "application/pkcs7-mime" || kind == "application/x-pkcs7-mime"
}

func (p *part) attachment() (Attachment, bool) {
	value, _ := get(p.fields, "Content-Disposition")
	disposition, params := typed(value)
	a := Attachment{Name: params["filename"], ContentType: p.kind, Inline: disposition == "inline", part: p}
	if a.Name == "" {
		a.Name = p.params["name"]
	}
	a.Name = strings.ToValidUTF8(decode(a.Name), "\uFFFD")
	if id, ok := get(p.fields, "Content-ID"); ok {
		a.ContentID = strings.Trim(id, "<> ")
	}
	a.Location, _ = get(p.fields, "Content-Location")
	switch {
	case p.kind == "message/rfc822":
		a.Item = true
		if a.Name == "" {
			a.Name = Parse(p.body).Header("Subject")
		}
	case disposition == "attachment", a.Name != "":
	case strings.HasPrefix(p.kind, "text/"), p.kind == "multipart/mixed":
		return Attachment{}, false
	}
	a.links(p)
	a.Size = p.size()
	return a, true
}

// size returns the size of the decoded body in bytes.
func (p *part) size() int64 {
	n, _ := io.Copy(io.Discard, p.open())
	return n
}

// open returns the body without its transfer encoding. If the encoding is unknown, it
// returns the bytes as they are.
func (p *part) open() io.Reader {
	encoding, _ := get(p.fields, "Content-Transfer-Encoding")
	encoding = strings.ToLower(strings.TrimSpace(encoding))
	if encoding == "" || encoding == "7bit" || encoding == "8bit" || encoding == "binary" {
		return bytes.NewReader(p.body)
	}
	var h message.Header
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Transfer-Encoding", encoding)
	e, err := message.New(h, bytes.NewReader(p.body))
	if err != nil {
		return bytes.NewReader(p.body)
	}
	return e.Body
}

// Open returns the decoded content of the attachment.
func (a Attachment) Open() io.Reader { return a.part.open() }

// maxBody limits the text of the body, in bytes.
const maxBody = 4 << 20

// Body returns the text of the message, and whether it is HTML. As in a mailbox,
// HTML takes precedence over plain text.
func (m *Message) Body() (text string, html bool) {
	var plain, rich string
	m.root.leaves(func(p *part) {
		if _, attached := p.attachmentLike(); attached {
			return
		}
		switch p.kind {
		case "text/html":
			rich += p.text()
		case "text/plain":
			plain += p.text()
		}
	})
	if rich != "" {
		return rich, true
	}
	return plain, false
}

// attachmentLike is a cheaper form of attachment that does not compute the size.
func (p *part) attachmentLike() (name string, attached bool) {
	value, _ := get(p.fields, "Content-Disposition")
	disposition, params := typed(value)
	name = params["filename"]
	if name == "" {
		name = p.params["name"]
	}
	return name, disposition == "attachment" || name != ""
}

func (p *part) text() string {
	b, _ := io.ReadAll(io.LimitReader(p.open(), maxBody))
	var h message.Header
	h.Set("Content-Type", "text/plain")
	if charset := p.params["charset"]; charset != "" {
		h.SetContentType("text/plain", map[string]string{"charset": charset})
	}
	if e, err := message.New(h, bytes.NewReader(b)); err == nil {
		if decoded, err := io.ReadAll(io.LimitReader(e.Body, maxBody)); err == nil {
			b = decoded
		}
	}
	if !utf8.Valid(b) {
		return field{lines: [][]byte{b}}.value()
	}
	return string(b)
}

// Date returns the time in the Date header, and whether the header is valid.
func (m *Message) Date() (time.Time, bool) {
	value, ok := get(m.root.fields, "Date")
	if !ok {
		return time.Time{}, false
	}
	var h gomail.Header
	h.Set("Date", value)
	t, err := h.Date()
	if err != nil || t.Year() < 1601 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// Class returns the item class that a server gives the message.
func (m *Message) Class() string {
	kind := m.root.kind
	switch {
	case kind == "multipart/signed":
		return "IPM.Note.SMIME.MultipartSigned"
	case isEnveloped(kind):
		return "IPM.Note.SMIME"
	case kind == "multipart/report":
		switch strings.ToLower(m.root.params["report-type"]) {
		case "delivery-status":
			return "REPORT.IPM.Note." + m.delivery()
		case "disposition-notification":
			return "REPORT.IPM.Note." + m.disposition()
		}
	}
	class := "IPM.Note"
	m.root.leaves(func(p *part) {
		if p.kind != "text/calendar" || class != "IPM.Note" {
			return
		}
		switch strings.ToUpper(p.params["method"]) {
		case "REQUEST":
			class = "IPM.Schedule.Meeting.Request"
		case "CANCEL":
			class = "IPM.Schedule.Meeting.Canceled"
		case "REPLY":
			class = "IPM.Schedule.Meeting.Resp.Pos"
		}
	})
	return class
}
