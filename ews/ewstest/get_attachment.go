package ewstest

import (
	"bytes"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func getAttachment(c *call) *refusal {
	c.batch(c.op.Child("AttachmentIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		id, i, err := mailstore.ParseAttachmentID(n.Get("Id"))
		if err != nil {
			if _, refused := c.parseID(n); refused != nil {
				return nil, refused
			}
			return nil, refuse("ErrorInvalidIdNotAnItemAttachmentId")
		}
		it, refused := c.stored(id)
		if refused != nil {
			return nil, refused
		}
		// The store keeps the attachments in the order of the content.
		all := it.Content().Attachments()
		if i >= len(all) {
			return nil, refuse("ErrorInvalidAttachmentId")
		}
		a := all[i]
		shape := c.op.Child("AttachmentShape")
		if a.Item && shape.Child("AdditionalProperties").Exists() {
			return nil, lacks.refusal(c.opts.Version, "AdditionalProperties of an attached item", true)
		}
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
			default:
				c.out.writeAttached(content.Bytes(), shape)
			}
			c.out.Close()
			c.out.Close()
		}, nil
	})
	return nil
}

// writeAttached writes an attached message, as far as its MIME tells.
func (e *encoder) writeAttached(raw []byte, shape *ewsschema.Node) {
	m := eml.Parse(raw)
	e.Open("t:Message")
	if shape.Bool("IncludeMimeContent", false) {
		e.content("t:MimeContent", [][]byte{raw}, "CharacterSet", "UTF-8")
	}
	e.Leaf("t:ItemClass", m.Class())
	e.Leaf("t:Subject", m.Header("Subject"))
	e.writeBody("t:Body", m, bodyShape{kind: shape.Value("BodyType"), safe: shape.Bool("FilterHtmlContent", false)})
	for _, list := range []string{"ToRecipients", "CcRecipients"} {
		e.addresses("t:"+list, m.Addresses(addressFields[list]))
	}
	e.addresses("t:From", m.Addresses("From"))
	if id := m.Header("Message-ID"); id != "" {
		e.Leaf("t:InternetMessageId", id)
	}
	e.Close()
}
