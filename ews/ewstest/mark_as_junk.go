package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// markAsJunk blocks or unblocks the senders of messages, and moves the messages to Junk
// Email or to the Inbox. What blocked senders send from then on goes to Junk Email. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/markasjunk-operation.
func markAsJunk(c *call) *refusal {
	junk, move := c.op.AttrBool("IsJunk", false), c.op.AttrBool("MoveItem", false)
	name := ews.FolderInbox
	if junk {
		name = ews.FolderJunkEmail
	}
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.item(n)
		if refused == nil {
			refused = sound(n)
		}
		if refused != nil {
			return nil, refused
		}
		if !messageKinds[it.Kind()] || it.Associated {
			return nil, refuseText("ErrorInvalidOperation", "Only messages can be marked as junk.")
		}
		box := it.Folder.Mailbox
		c.acted = true
		for _, tag := range []ews.ExtendedField{mailstore.TagFromAddress, mailstore.TagSenderAddress} {
			if sender := it.Properties().Text(tag); sender != "" {
				box.Block(sender, junk)
			}
		}
		to := box.Named(name)
		if !move || it.Folder == to {
			return nil, nil
		}
		crossing := !it.SameStore(to)
		moved := it.MoveTo(to)
		return func() {
			if !crossing {
				c.out.itemID("m:MovedItemId", moved)
			}
		}, nil
	})
	return nil
}
