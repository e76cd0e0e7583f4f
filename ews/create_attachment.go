package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// CreateAttachmentRequest asks to attach a file or a message to an item.
type CreateAttachmentRequest struct {
	Parent      ItemID // the item, or the id of an attached item; required
	Name        string // required
	ContentType string // files only; default: what the server derives from the name
	ContentID   string // files only
	IsInline    bool   // files only
	// Message is set if the content is a message in MIME form, to be attached as an item.
	Message bool
	Content Content // required
}

// NewAttachment identifies what was attached.
type NewAttachment struct {
	ID   string
	Root ItemID // the item in the folder, with its new change key
}

// CreateAttachment attaches a file or a message to an item. It is a write and is never
// repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createattachment-operation.
func (c *Client) CreateAttachment(ctx context.Context, req CreateAttachmentRequest) (NewAttachment, error) {
	return do(ctx, c, createAttachment(req))
}

type createAttachment CreateAttachmentRequest

func (r createAttachment) task() (task, error) {
	t := task{op: OpCreateAttachment, contents: []Content{r.Content}}
	if err := r.Parent.check(); err != nil {
		return t, within("CreateAttachmentRequest.Parent", err)
	}
	if r.Name == "" {
		return t, wrong("CreateAttachmentRequest.Name", "is empty")
	}
	if r.Message && (r.ContentType != "" || r.ContentID != "" || r.IsInline) {
		return t, wrong("CreateAttachmentRequest.Message", "is set with ContentType, ContentID or IsInline, which only files have")
	}
	return t, r.Content.check("CreateAttachmentRequest.Content")
}

func (r createAttachment) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:CreateAttachment")
	r.Parent.encode(e, "m:ParentItemId")
	e.Open("m:Attachments")
	if r.Message {
		e.Open("t:ItemAttachment")
		e.Leaf("t:Name", r.Name)
		e.Open("t:Message")
		e.Open("t:MimeContent")
		e.Splice()
		e.Close()
		e.Close()
	} else {
		e.Open("t:FileAttachment")
		e.Leaf("t:Name", r.Name)
		if r.ContentType != "" {
			e.Leaf("t:ContentType", r.ContentType)
		}
		if r.ContentID != "" {
			e.Leaf("t:ContentId", r.ContentID)
		}
		if r.IsInline {
			e.Bool("t:IsInline", true)
		}
		e.Open("t:Content")
		e.Splice()
		e.Close()
	}
	e.Close()
	e.Close()
	e.Close()
}

func (r createAttachment) decode(a *answer) (NewAttachment, error) {
	made, err := single(a, "", func(n *NewAttachment) {
		if a.d.Local() != "Attachments" || !a.d.NextChild(a.d.Depth()) {
			return
		}
		depth := a.d.Depth()
		for a.d.NextChild(depth) {
			if a.d.Local() == "AttachmentId" {
				n.ID, _ = a.d.Attr("Id")
				n.Root.ID, _ = a.d.Attr("RootItemId")
				n.Root.ChangeKey, _ = a.d.Attr("RootItemChangeKey")
			}
		}
	})
	if err == nil && made.ID == "" {
		err = a.malformed("a response message reports success without the id of an attachment")
	}
	return made, err
}
