package ewstest

import "github.com/ewsquarantine/ewsquarantine/internal/mailstore"

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
		w.Attr("Id", mailstore.AttachmentID(w.it.ID(), i))
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
