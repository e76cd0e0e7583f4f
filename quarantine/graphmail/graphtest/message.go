package graphtest

import (
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// addressedItem finds the message in the path. A path through a folder must name the
// folder that the message is in.
func (c *call) addressedItem() (*mailstore.Item, *refusal) {
	it, refused := c.item(c.arg("message"))
	if refused != nil {
		return nil, refused
	}
	if name := c.arg("folder"); name != "" {
		f, refused := c.folder(name)
		if refused != nil {
			return nil, refused
		}
		if it.Folder != f {
			return nil, itemNotFound()
		}
	}
	return it, nil
}

func getMessage(c *call) (*answer, *refusal) {
	if refused := c.messageQuery(); refused != nil {
		return nil, refused
	}
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	return jsonAnswer(http.StatusOK, c.entity(c.message(it, c.query, false))), nil
}

// getMIME answers with the MIME form of the message, generated again for each request
// (https://learn.microsoft.com/en-us/graph/outlook-get-mime-message).
func getMIME(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	a := &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/plain"}}}
	for _, p := range it.MIME() {
		a.body = append(a.body, piece{raw: p})
	}
	return a, nil
}

// matching checks If-Match.
func (c *call) matching(it *mailstore.Item) *refusal {
	if tag := c.etag(); tag != "" && tag != it.ChangeKey() {
		return refuse(http.StatusPreconditionFailed, "ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.")
	}
	return nil
}

// moveMessage moves within the mailbox; the id changes unless it is immutable
// (https://learn.microsoft.com/en-us/graph/api/message-move).
func moveMessage(c *call) (*answer, *refusal) { return c.carry(true) }

// copyMessage copies within the mailbox
// (https://learn.microsoft.com/en-us/graph/api/message-copy).
func copyMessage(c *call) (*answer, *refusal) { return c.carry(false) }

func (c *call) carry(move bool) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	o, refused := c.json(true, "destinationId")
	if refused != nil {
		return nil, refused
	}
	name, isText := o["destinationId"].(string)
	if !isText {
		return nil, bad("destinationId must be a text.")
	}
	to, refused := c.folder(name)
	switch {
	case refused != nil:
		return nil, refused
	case to.Search != nil:
		return nil, refuse(http.StatusInternalServerError, "ErrorMoveCopyFailed", "The move or copy operation failed.")
	case to.Recoverable():
		return nil, accessDenied()
	case !move && to.Mailbox.Full(it.Size()):
		return nil, full()
	}
	there := it
	switch {
	case c.strikes(faultNothing):
	case move && c.strikes(faultDoubled):
		there = it.CopyTo(to)
		c.acted = true
	case move:
		there = it.MoveTo(to)
		c.acted = true
	default:
		there = it.CopyTo(to)
		c.acted = true
	}
	c.forget(there)
	return jsonAnswer(http.StatusCreated, c.entity(c.message(there, nil, false))), nil
}

func full() *refusal {
	return refuse(http.StatusInsufficientStorage, "ErrorQuotaExceeded", "The mailbox has exceeded its quota.")
}

// forget drops the named properties that were written, if a fault requires that.
func (c *call) forget(it *mailstore.Item) {
	if c.strikes(faultForget) && it.HasCustom() {
		it.DropCustom()
	}
}

// deleteMessage moves a message into the Deletions of Recoverable Items, where its owner
// can recover it. The sender of an unread message is notified if the message asks for
// that.
func deleteMessage(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused == nil {
		refused = c.matching(it)
	}
	if refused == nil && it.Folder.Recoverable() {
		refused = cannotDelete()
	}
	if refused != nil {
		return nil, refused
	}
	return c.remove(it, mailstore.Soft)
}

// permanentDelete moves a message into Purges
// (https://learn.microsoft.com/en-us/graph/api/message-permanentdelete).
func permanentDelete(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused == nil && it.Folder.Recoverable() && !c.server.opts.PurgeDeletions {
		refused = cannotDelete()
	}
	if refused != nil {
		return nil, refused
	}
	return c.remove(it, mailstore.Hard)
}

func cannotDelete() *refusal {
	return refuse(http.StatusForbidden, "ErrorCannotDeleteObject", "The delete action was unable to remove the object.")
}

func (c *call) remove(it *mailstore.Item, how mailstore.Removal) (*answer, *refusal) {
	if !c.strikes(faultNothing) {
		it.Remove(how, false)
		c.acted = true
	}
	return noContent(), nil
}

// updateMessage changes the properties of a message. It refuses changes that only drafts
// allow (https://learn.microsoft.com/en-us/graph/api/message-update).
func updateMessage(c *call) (*answer, *refusal) {
	it, refused := c.addressedItem()
	if refused != nil {
		return nil, refused
	}
	if !c.server.opts.IgnoreIfMatch {
		if refused := c.matching(it); refused != nil {
			return nil, refused
		}
	}
	o, refused := c.json(false, append(messageNames, "singleValueExtendedProperties", "multiValueExtendedProperties")...)
	if refused != nil {
		return nil, refused
	}
	u := &update{call: c, item: it}
	if refused := u.readAll(o); refused != nil {
		return nil, refused
	}
	if c.strikes(faultNothing) {
		return jsonAnswer(http.StatusOK, c.entity(c.message(it, nil, false))), nil
	}
	it.Update(u.set, u.remove, false)
	if u.unasked && !c.server.opts.ReceiptSticks {
		it.Suppress()
	}
	c.acted = true
	c.forget(it)
	return jsonAnswer(http.StatusOK, c.entity(c.message(it, nil, false))), nil
}
