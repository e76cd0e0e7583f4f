package ewstest

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func (w *itemWriter) attachments() {
	if len(w.it.Attachments()) == 0 {
		return
	}
	w.Open("t:Attachments")
	for i, a := range w.it.Attachments() {
		element := "t:FileAttachment"
		if a.IsItem {
			element = "t:ItemAttachment"
		}
		w.Open(element)
		w.Open("t:AttachmentId")
		w.Attr("Id", attachmentID(w.it, i))
		w.Close()
		w.Leaf("t:Name", a.Name)
		w.Leaf("t:ContentType", a.ContentType)
		if a.ContentID != "" {
			w.Leaf("t:ContentId", a.ContentID)
		}
		w.Int("t:Size", a.Size)
		w.Leaf("t:LastModifiedTime", w.it.Properties().Text(mailstore.TagCreated))
		w.Bool("t:IsInline", a.IsInline)
		w.Close()
	}
	w.Close()
}

// attachmentID combines the id of an item with the position of the attachment.
func attachmentID(it *mailstore.Item, i int) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint16(it.ID().Bytes(), uint16(i)))
}

// parseAttachmentID splits an id made by attachmentID.
func parseAttachmentID(s string) (id mailstore.ID, i int, ok bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < 2 {
		return mailstore.ID{}, 0, false
	}
	id, err = mailstore.ParseBytes(b[:len(b)-2])
	return id, int(binary.BigEndian.Uint16(b[len(b)-2:])), err == nil && id.Kind == mailstore.KindItem
}
