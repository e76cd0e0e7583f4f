package ewstest

import (
	"bytes"
	"io"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// getAttachment returns files with their content, and items with all their properties and
// those that the AttachmentShape names. The MIME of tasks and lists is not available, nor
// is that of contacts before Exchange 2013 ([MS-OXWSATT], section 2.2.4.3).
func getAttachment(c *call) *refusal {
	shape, refused := c.shapeOn("AllProperties", c.op.Child("AttachmentShape"), false)
	c.batch(c.op.Child("AttachmentIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if refused != nil {
			return nil, refused
		}
		a, refused := c.attachment(n)
		if refused != nil {
			return nil, refused
		}
		var content bytes.Buffer
		if len(a.Link) > 0 {
			// What it links to is not on this server.
		} else if _, err := io.Copy(&content, a.Open()); err != nil {
			return nil, refuse("ErrorContentConversionFailed")
		}
		parent := &itemWriter{encoder: &c.out.encoder, root: a.root, path: a.path[:len(a.path)-1]}
		if !a.Item {
			return func() {
				c.out.Open("m:Attachments")
				parent.openAttachment(a.Attached)
				if len(a.Link) == 0 || !c.out.links {
					c.out.content("t:Content", [][]byte{content.Bytes()})
				}
				c.out.Close()
				c.out.Close()
			}, nil
		}
		w := &itemWriter{encoder: &c.out.encoder, it: a.Inner(), shape: shape, root: a.root, path: a.path, mime: content.Bytes()}
		if refused := shape.suits(w.it); refused != nil {
			return nil, refused
		}
		if kind := w.it.Kind(); shape.fields[itemIndex["item:MimeContent"][0]] && !c.convertible(kind) {
			return nil, unconverted(kind)
		}
		return func() {
			c.out.Open("m:Attachments")
			parent.openAttachment(a.Attached)
			c.out.write(w)
			c.out.Close()
			c.out.Close()
		}, nil
	})
	return nil
}

// unconverted refuses the MIME of items of a kind.
func unconverted(kind string) *refusal {
	return refuseText("ErrorUnsupportedMimeConversion", "A "+kind+" cannot be converted to MIME, nor made of it.")
}

// convertible reports whether attached items of a kind have MIME.
func (c *call) convertible(kind string) bool {
	switch kind {
	case "Contact":
		return c.opts.Version >= Exchange2013
	case "Task", "DistributionList":
		return false
	}
	return true
}
