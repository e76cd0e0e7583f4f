package graphmail

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// wholeSize is the size, in bytes, up to which the MIME form of a message is requested in
// one piece. Above 25 MB, answers have been seen to break off.
const wholeSize = 20 << 20

// Assemble opens the MIME form of an item. For a large message, or one with files
// attached only by name, it is assembled from the text and the attachments, each of which
// is requested when it is read: a file as its bytes, a message as its MIME form.
// See https://learn.microsoft.com/en-us/graph/api/attachment-get.
func (m *mailbox) Assemble(ctx context.Context, item driver.Item) (io.ReadCloser, error) {
	r, err := m.assemble(ctx, item)
	return r, translate(err)
}

func (m *mailbox) assemble(ctx context.Context, item driver.Item) (io.ReadCloser, error) {
	box, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	whole := func() (io.ReadCloser, error) {
		text, err := box.MIME(ctx, item.ID)
		if err != nil {
			return nil, asGone(err)
		}
		return read{text}, nil
	}
	if !item.HasAttachments && item.Size <= wholeSize {
		return whole()
	}
	var all []graph.Attachment
	elsewhere := false
	for some, err := range box.Attachments(ctx, item.ID) {
		if err != nil {
			return nil, asGone(err)
		}
		for _, a := range some {
			elsewhere = elsewhere || a.IsReference()
		}
		if all = append(all, some...); len(all) > maxAttached {
			return nil, errAttached
		}
	}
	if !elsewhere && (item.Size <= wholeSize || len(all) == 0) {
		return whole()
	}
	text, err := box.Text(ctx, item.ID)
	switch {
	case errors.Is(err, graph.ErrGone):
		return nil, asGone(err)
	case err != nil && !elsewhere:
		return whole()
	case err != nil:
		return nil, err
	}
	boundary := rand.Text()
	parts := []func() (io.Reader, error){func() (io.Reader, error) { return headOf(text, boundary), nil }}
	for _, a := range all {
		parts = append(parts, func() (io.Reader, error) { return attached(ctx, box, item.ID, a, boundary) })
	}
	parts = append(parts, func() (io.Reader, error) { return strings.NewReader("\r\n--" + boundary + "--\r\n"), nil })
	return &assembly{parts: parts}, nil
}

// maxAttached is the maximum number of attachments that are read for a message: Exchange
// allows 250 by default, and 1,024 at most.
const maxAttached = 5000

var (
	errAttached = errors.New("the message has more attachments than can be read")
	errClosed   = errors.New("the message was closed")
)

// read is a message that is being read; it translates errors for the engine.
type read struct{ io.ReadCloser }

// Read reads part of the message.
func (r read) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = translate(asGone(err))
	}
	return n, err
}

// assembly reads parts one after another, and opens each when its turn comes.
type assembly struct {
	parts []func() (io.Reader, error)
	now   io.Reader
	err   error
}

// Read reads part of the message.
func (a *assembly) Read(p []byte) (int, error) {
	for a.err == nil {
		if a.now == nil {
			if len(a.parts) == 0 {
				a.err = io.EOF
				break
			}
			var err error
			if a.now, err = a.parts[0](); err != nil {
				a.err = translate(asGone(err))
				break
			}
			a.parts = a.parts[1:]
		}
		n, err := a.now.Read(p)
		if err == io.EOF {
			a.end()
			err = nil
		}
		if err != nil {
			a.err = translate(asGone(err))
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, a.err
}

// Close discards the rest of the message.
func (a *assembly) Close() error {
	a.end()
	a.parts = nil
	a.err = cmp.Or(a.err, errClosed)
	return nil
}

func (a *assembly) end() {
	if c, ok := a.now.(io.Closer); ok {
		c.Close()
	}
	a.now = nil
}

// headOf returns the header of a message and, as the first part, its text.
func headOf(raw graph.Message, boundary string) io.Reader {
	var b bytes.Buffer
	field := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, oneLine(value)) }
	for _, h := range raw.Headers {
		if lower := strings.ToLower(h.Name); isToken(h.Name) && !strings.HasPrefix(lower, "content-") && lower != "mime-version" {
			field(h.Name, h.Value)
		}
	}
	if len(raw.Headers) == 0 {
		for _, people := range []struct {
			name string
			all  []graph.Recipient
		}{{"From", one(raw.From)}, {"Sender", one(raw.Sender)}, {"To", raw.To}, {"Cc", raw.Cc}} {
			if len(people.all) > 0 {
				field(people.name, addresses(people.all))
			}
		}
		field("Subject", mime.QEncoding.Encode("utf-8", raw.Subject))
		if raw.MessageID != "" {
			field("Message-ID", raw.MessageID)
		}
		if !raw.Sent.IsZero() {
			field("Date", raw.Sent.UTC().Format(time.RFC1123Z))
		}
	}
	field("MIME-Version", "1.0")
	field("Content-Type", "multipart/mixed; boundary="+boundary)
	text, kind := "", "text/plain"
	if raw.Body != nil {
		text = raw.Body.Content
		if strings.EqualFold(raw.Body.Type, "html") {
			kind = "text/html"
		}
	}
	fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary, kind)
	return io.MultiReader(&b, &encoder{from: strings.NewReader(text)})
}

func one(who *graph.Recipient) []graph.Recipient {
	if who == nil {
		return nil
	}
	return []graph.Recipient{*who}
}

func addresses(all []graph.Recipient) string {
	var texts []string
	for _, who := range all {
		texts = append(texts, (&mail.Address{Name: who.EmailAddress.Name, Address: who.EmailAddress.Address}).String())
	}
	return strings.Join(texts, ", ")
}

// attached opens an attachment as a part.
func attached(ctx context.Context, box graph.Mailbox, id string, a graph.Attachment, boundary string) (io.Reader, error) {
	disposition := "attachment"
	if a.Inline {
		disposition = "inline"
	}
	if text := mime.FormatMediaType(disposition, map[string]string{"filename": strings.ToValidUTF8(a.Name, "")}); text != "" {
		disposition = text
	}
	begin := func(kind, encoding string) io.Reader {
		return strings.NewReader("\r\n--" + boundary + "\r\nContent-Type: " + kind + "\r\nContent-Disposition: " + oneLine(disposition) +
			"\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n")
	}
	if a.IsReference() {
		return begin("message/external-body; access-type=x-reference", "7bit"), nil
	}
	content, err := box.Content(ctx, id, a.ID)
	if err != nil {
		return nil, err
	}
	p := openPart{content: content}
	if !a.IsItem() {
		kind, _, err := mime.ParseMediaType(a.ContentType)
		if err != nil || strings.HasPrefix(kind, "multipart/") {
			kind = "application/octet-stream"
		}
		p.Reader = io.MultiReader(begin(kind, "base64"), &encoder{from: content})
		return p, nil
	}
	buffered := bufio.NewReader(content)
	kind := "message/rfc822"
	first, _ := buffered.Peek(len("BEGIN:VCALENDAR"))
	switch text := strings.ToUpper(string(first)); {
	case strings.HasPrefix(text, "BEGIN:VCALENDAR"):
		kind = "text/calendar; charset=utf-8"
	case strings.HasPrefix(text, "BEGIN:VCARD"):
		kind = "text/vcard; charset=utf-8"
	}
	p.Reader = io.MultiReader(begin(kind, "8bit"), buffered)
	return p, nil
}

// openPart is a part together with its content, which must be closed.
type openPart struct {
	io.Reader
	content io.Closer
}

// Close discards the rest of the part.
func (p openPart) Close() error { return p.content.Close() }
