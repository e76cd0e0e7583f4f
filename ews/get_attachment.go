package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// AttachmentContent is the content of an attachment, streamed from the server as the
// caller reads: the bytes of a file, or the MIME form of an attached item, which the server
// rebuilds each time. It occupies a slot of the limiter until it is closed or read
// completely.
type AttachmentContent struct {
	// Attachment describes it, as far as the server sends that before the content.
	Attachment Attachment

	stream *MIME
}

// OpenAttachment returns the content of an attachment, given by [Attachment].ID, as a
// stream. An attached contact needs Exchange 2013 or later; an attached task has no MIME
// form, and a link to a file elsewhere no content: the call then fails.
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
	c := &AttachmentContent{stream: &MIME{a: a, what: "Content", empty: true, blank: true}}
	if err := c.stream.begin("Attachments", func() bool { return c.find(a.d) }); err != nil {
		return nil, err
	}
	if c.Attachment.ID != "" && c.Attachment.ID != string(r) {
		return nil, a.misfit("it is about another attachment")
	}
	return c, nil
}

// find advances to the content of the attachment in the current element and reports
// whether it has any.
func (c *AttachmentContent) find(d *xmlwire.Decoder) bool {
	if !d.NextChild(d.Depth()) {
		return false
	}
	c.Attachment.IsItem = d.Local() == "ItemAttachment"
	m, depth := c.stream, d.Depth()
	for d.NextChild(depth) {
		switch {
		case d.Local() == "Content":
			m.item = depth
			m.text = newBase64Reader(d.TextReader(false), m.broken)
			return true
		case c.Attachment.IsItem && itemElement(d.Local()):
			m.what, m.blank = "MimeContent", false
			return m.findIn(d)
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
// and found well-formed; content that is cut short ends in another error.
func (c *AttachmentContent) Read(p []byte) (int, error) { return c.stream.Read(p) }

// Close ends the call. It does nothing after io.EOF.
func (c *AttachmentContent) Close() error { return c.stream.Close() }
