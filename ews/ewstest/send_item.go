package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// sendItem sends messages of a mailbox, drafts and others. With SaveItemToFolder they go
// to SavedItemFolderId or to Sent Items; without it they are gone. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/senditem-operation.
func sendItem(c *call) *refusal {
	save := c.op.AttrBool("SaveItemToFolder", false)
	saved, missing := c.savedFolder()
	if !save && c.op.Child("SavedItemFolderId").Exists() {
		missing = refuse("ErrorInvalidSendItemSaveSettings")
	}
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.item(n)
		if refused == nil && !c.opts.Odd.Has(OddNoChangeKeys) {
			refused = c.minding(fresh(n, it), it)
		}
		if refused == nil {
			refused = missing
		}
		if refused == nil {
			refused = c.still(saved, "ErrorSavedItemFolderNotFound")
		}
		if refused == nil && (!messageKinds[it.Kind()] || it.Associated) {
			refused = refuse("ErrorInvalidItemForOperationSendItem")
		}
		if refused == nil && c.who.opens(it.Folder.Mailbox) && !addressed(it.Content()) {
			refused = refuse("ErrorMissingRecipients") // CreateItem and UpdateItem: ErrorInvalidRecipients
		}
		if refused == nil {
			refused = c.maySend(it.Content(), it.Folder.Mailbox)
		}
		if refused != nil {
			return nil, refused
		}
		if _, ok := c.strikes(is(faultNothing), it); ok {
			return nil, nil
		}
		c.acted = true
		c.send(it)
		if save {
			it.MoveTo(c.copies(saved, it))
		} else {
			it.Delete()
		}
		return nil, nil
	})
	return nil
}
