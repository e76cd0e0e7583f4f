package ewstest

import (
	"errors"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// createAttachment attaches files and items to an item, or to an item that is itself
// attached, up to ten levels deep (ErrorAttachmentNestLevelLimitExceeded). Each
// attachment gives the item in the folder a new change key. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createattachment.
func createAttachment(c *call) *refusal {
	parent := c.op.Child("ParentItemId")
	root, path, refused := c.parent(parent)
	if refused == nil {
		refused = c.unchanged(parent, root)
	}
	c.batch(c.op.Child("Attachments").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if refused != nil {
			return nil, refused
		}
		if root, path, refused = c.parent(parent); refused != nil { // a test may have removed it
			return nil, refused
		}
		u := &update{server: c.Server, version: c.opts.Version, item: root}
		f, item, refused := u.attached(n)
		switch {
		case refused != nil:
			return nil, refused
		case item != nil && (len(path) >= mailstore.MaxNested || item.Deeper(mailstore.MaxNested-len(path)-1)):
			return nil, refuse("ErrorAttachmentNestLevelLimitExceeded")
		case root.Folder.Mailbox.Full(int64(len(f.Content))):
			return nil, refuse("ErrorQuotaExceeded")
		}
		c.acted = true
		number, ok := root.Attach(path, f, item)
		if !ok {
			return nil, refuseText("ErrorInvalidOperation", "ewstest attaches nothing to this message, which is S/MIME or has too many parts.")
		}
		root.Editor = c.who.account
		key := root.ChangeKey()
		return func() {
			c.out.Open("m:Attachments")
			c.out.Open("t:" + n.Local)
			c.out.Open("t:AttachmentId")
			c.out.Attr("Id", mailstore.AttachmentID(root.ID(), append(path[:len(path):len(path)], number)...))
			c.out.Attr("RootItemId", root.ID().String())
			c.out.Attr("RootItemChangeKey", key)
			for range 3 {
				c.out.Close()
			}
		}, nil
	})
	return nil
}

// parent finds what a ParentItemId names: an item in a folder, or an item attached below
// one, at the end of a path.
func (c *call) parent(n *ewsschema.Node) (root *mailstore.Item, path []int, refused *refusal) {
	if _, _, err := mailstore.ParseAttachmentID(n.Get("Id")); err == nil || errors.Is(err, mailstore.ErrTooDeep) {
		a, refused := c.attachment(n)
		switch {
		case refused != nil:
			return nil, nil, refused
		case !a.Item:
			return nil, nil, refuse("ErrorInvalidIdNotAnItemAttachmentId")
		}
		return a.root, a.path, nil
	}
	id, refused := c.parseID(n)
	switch {
	case refused != nil:
		return nil, nil, refused
	case id.Kind != mailstore.KindItem:
		return nil, nil, refuseText("ErrorCannotUseFolderIdForItemId", "A folder id was given where an item id was wanted.")
	}
	root, refused = c.stored(id)
	return root, nil, refused
}

// unchanged refuses a change key that is given but differs from that of the item in the
// folder.
func (c *call) unchanged(n *ewsschema.Node, root *mailstore.Item) *refusal {
	change, given, refused := changeKey(n, mailstore.KindItem)
	switch {
	case refused != nil:
		return c.minding(refused, root)
	case given && change != root.Change():
		return c.minding(refuse("ErrorIrresolvableConflict"), root)
	}
	return nil
}
