package ewstest

import (
	"bytes"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func getAttachment(c *call) *refusal {
	c.batch(c.op.Child("AttachmentIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		id, i, err := mailstore.ParseAttachmentID(n.Get("Id"))
		if err != nil {
			return nil, refuse("ErrorInvalidAttachmentId")
		}
		box, refused := c.mailbox(id.Mailbox, "ErrorItemNotFound")
		if refused != nil {
			return nil, refused
		}
		it := box.Item(id.Number)
		if it == nil {
			return nil, refuse("ErrorItemNotFound")
		}
		// The store keeps the attachments in the order of the content.
		all := it.Content().Attachments()
		if i >= len(all) {
			return nil, refuse("ErrorInvalidAttachmentId")
		}
		a := all[i]
		var content bytes.Buffer
		if _, err := io.Copy(&content, a.Open()); err != nil {
			return nil, refuse("ErrorContentConversionFailed")
		}
		return func() {
			c.out.Open("m:Attachments")
			element := "t:FileAttachment"
			if a.Item {
				element = "t:ItemAttachment"
			}
			c.out.Open(element)
			c.out.Open("t:AttachmentId")
			c.out.Attr("Id", n.Get("Id"))
			c.out.Close()
			c.out.Leaf("t:Name", a.Name)
			c.out.Leaf("t:ContentType", a.ContentType)
			switch {
			case !a.Item:
				c.out.content("t:Content", [][]byte{content.Bytes()})
			case c.op.Child("AttachmentShape").Bool("IncludeMimeContent", false):
				c.out.Open("t:Message")
				c.out.content("t:MimeContent", [][]byte{content.Bytes()}, "CharacterSet", "UTF-8")
				c.out.Close()
			}
			c.out.Close()
			c.out.Close()
		}, nil
	})
	return nil
}
