package ewstest

import (
	"errors"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// attachments lists the attachments of the item.
func (w *itemWriter) attachments() {
	all := w.it.Attached()
	if len(all) == 0 {
		return
	}
	w.Open("t:Attachments")
	for _, a := range all {
		w.openAttachment(a)
		w.Close()
	}
	w.Close()
}

// openAttachment opens the element of an attachment of the item, and writes what does
// not depend on its kind.
func (w *itemWriter) openAttachment(a mailstore.Attached) {
	element := "t:FileAttachment"
	link := len(a.Link) > 0 && w.links
	switch {
	case a.Item:
		element = "t:ItemAttachment"
	case link:
		element = "t:ReferenceAttachment"
	}
	w.Open(element)
	w.Open("t:AttachmentId")
	w.Attr("Id", mailstore.AttachmentID(w.root.ID(), append(w.path[:len(w.path):len(w.path)], a.Number)...))
	w.Close()
	w.Leaf("t:Name", a.Name)
	if a.ContentType != "" {
		w.Leaf("t:ContentType", a.ContentType)
	}
	if a.ContentID != "" {
		w.Leaf("t:ContentId", a.ContentID)
	}
	if a.Location != "" {
		w.Leaf("t:ContentLocation", a.Location)
	}
	w.Int("t:Size", a.Size)
	w.Leaf("t:LastModifiedTime", w.formatted(a.Made))
	w.Bool("t:IsInline", a.Inline)
	if link {
		for _, l := range a.Link {
			w.Leaf("t:"+l.Name, l.Value)
		}
	}
}

// attachmentPath is where an attachment is.
type attachmentPath struct {
	root *mailstore.Item
	path []int
	mailstore.Attached
}

// attachment finds the attachment that an AttachmentId, or the id of a parent, names. An
// id that does not name an attachment is refused with
// ErrorInvalidIdNotAnItemAttachmentId, the id of a deleted attachment with
// ErrorInvalidAttachmentId, and an id whose path has more than 64 attachments with
// ErrorInvalidIdTooManyAttachmentLevels. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
func (c *call) attachment(n *ewsschema.Node) (attachmentPath, *refusal) {
	id, path, err := mailstore.ParseAttachmentID(n.Get("Id"))
	if errors.Is(err, mailstore.ErrTooDeep) {
		return attachmentPath{}, refuse("ErrorInvalidIdTooManyAttachmentLevels")
	}
	if err != nil {
		if _, refused := c.parseID(n); refused != nil {
			return attachmentPath{}, refused
		}
		return attachmentPath{}, refuse("ErrorInvalidIdNotAnItemAttachmentId")
	}
	it, refused := c.stored(id)
	if refused != nil {
		return attachmentPath{}, refused
	}
	a, ok := it.Within(path)
	if !ok {
		return attachmentPath{}, refuse("ErrorInvalidAttachmentId")
	}
	return attachmentPath{it, path, a}, nil
}
