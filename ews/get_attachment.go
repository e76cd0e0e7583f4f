package ews

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// AttachmentContent is the content of an attachment, streamed from the server as the
// caller reads: the bytes of a file, or the MIME form of an attached item, which the server
// rebuilds each time. It occupies a slot of the limiter until it is closed or read
// completely.
type AttachmentContent struct {
	// Attachment describes the attachment, as far as the server does so before the
	// content.
	Attachment Attachment

	stream *MIME
}

// OpenAttachment returns the content of an attachment, given by [Attachment].ID, as a
// stream. The call fails for an attached contact before Exchange 2013; for an attached
// task, which has no MIME form; and for a link to a file stored elsewhere, which has no
// content.
//
// The caller must close the stream.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getattachment-operation.
func (c *Client) OpenAttachment(ctx context.Context, id string) (*AttachmentContent, error) {
	return do(ctx, c, openAttachment(id))
}

type openAttachment string

func (r openAttachment) task() (task, error) {
	t := task{op: OpGetAttachment, stream: true}
	if r == "" {
		return t, wrong("OpenAttachment argument id", "is empty")
	}
	return t, nil
}

func (r openAttachment) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:GetAttachment")
	e.Open("m:AttachmentShape")
	e.Bool("t:IncludeMimeContent", true)
	e.Close()
	e.Open("m:AttachmentIds")
	e.Open("t:AttachmentId")
	e.Attr("Id", string(r))
	e.Close()
	e.Close()
	e.Close()
}

func (r openAttachment) decode(a *answer) (*AttachmentContent, error) {
	c := new(AttachmentContent)
	s := &MIMEs{ids: make([]ItemID, 1), a: a, index: -1, element: "Attachments", find: c.find}
	if err := s.begin(); err != nil {
		if e, ok := errors.AsType[*itemRefused](err); ok {
			err = e.error
		}
		return nil, err
	}
	if c.Attachment.ID != "" && c.Attachment.ID != string(r) {
		return nil, a.misfit("it is about another attachment")
	}
	s.Next()
	c.stream = s.MIME()
	return c, nil
}

// find advances to the content of an attachment and reports whether it has any.
func (c *AttachmentContent) find(m *MIME) bool {
	d := m.s.a.d
	c.Attachment.IsItem = d.Local() == "ItemAttachment"
	for d.NextChild(m.item) {
		switch {
		case d.Local() == "Content":
			m.what, m.blank = "Content", true
			m.text = newBase64Reader(d.TextReader(false), m.broken)
			return true
		case c.Attachment.IsItem && itemElement(d.Local()):
			m.item = d.Depth()
			return m.find()
		}
		c.Attachment.decodeField(d)
	}
	return false
}

// itemElement reports whether an element of an attachment is the item itself.
func itemElement(name string) bool {
	switch name {
	case "AttachmentId", "Name", "ContentType", "ContentId", "ContentLocation", "AttachmentOriginalUrl", "Size", "LastModifiedTime", "IsInline":
		return false
	}
	return true
}

// Read reads the content. It returns io.EOF only once the whole response has been read
// and found well-formed; truncated content ends in another error.
func (c *AttachmentContent) Read(p []byte) (int, error) { return c.stream.Read(p) }

// Close ends the call. It does nothing after io.EOF.
func (c *AttachmentContent) Close() error { return c.stream.Close() }
