package ewstest

import "github.com/ewsquarantine/ewsquarantine/internal/ewsschema"

// deleteAttachment deletes attachments, including those of attached items. It returns the
// item in the folder with its new change key. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteattachment-operation.
func deleteAttachment(c *call) *refusal {
	c.batch(c.op.Child("AttachmentIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		a, refused := c.attachment(n)
		if refused != nil {
			return nil, refused
		}
		c.acted = true
		if !a.root.Detach(a.path) {
			return nil, refuseText("ErrorInvalidOperation", "ewstest takes nothing out of S/MIME messages.")
		}
		a.root.Editor = c.who.account
		id, key := a.root.ID().String(), a.root.ChangeKey()
		return func() {
			c.out.Open("m:RootItemId")
			c.out.Attr("RootItemId", id)
			c.out.Attr("RootItemChangeKey", key)
			c.out.Close()
		}, nil
	})
	return nil
}
