package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func uploadItems(c *call) *refusal {
	items := c.op.Child("Items").Kids()
	for _, n := range items {
		if n.Get("CreateAction") != "CreateNew" && !n.Child("ItemId").Exists() {
			return refuseText("ErrorInvalidRequest", "ItemId is required for Update and UpdateOrCreate.")
		}
		if n.Get("CreateAction") == "CreateNew" && n.Child("ItemId").Exists() {
			return refuseText("ErrorInvalidRequest", "A new item has no ItemId.")
		}
	}
	c.batch(items, func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.upload(n)
		if refused != nil {
			return nil, refused
		}
		if c.opts.Odd.Has(OddNoItemIDs) {
			return nil, nil
		}
		return func() { c.out.itemID("m:ItemId", it) }, nil
	})
	return nil
}

func (c *call) upload(n *ewsschema.Node) (*mailstore.Item, *refusal) {
	f, refused := c.folder(n.Child("ParentFolderId"))
	switch {
	case refused != nil:
		return nil, asTarget(refused, "ErrorFolderNotFound")
	case f.Search != nil:
		return nil, refuse("ErrorCreateItemAccessDenied")
	case f.Recoverable():
		return nil, refuse("ErrorAccessDenied")
	}
	var old *mailstore.Item
	if action := n.Get("CreateAction"); action != "CreateNew" {
		old, refused = c.item(n.Child("ItemId"))
		if refused == nil && old.Folder != f {
			refused = refuse("ErrorItemNotFound")
		}
		if refused == nil {
			refused = c.minding(current(n.Child("ItemId"), old), old)
		}
		if refused != nil {
			old = nil
			if action == "Update" || refused.code != "ErrorItemNotFound" {
				return nil, refused
			}
		}
	}
	data, err := decodeBase64(n.Value("Data"))
	if err != nil {
		return nil, refuse("ErrorCorruptData")
	}
	if f.Mailbox.Full(int64(len(data))) {
		return nil, refuse("ErrorQuotaExceeded")
	}
	it, err := f.Import(data, n.AttrBool("IsAssociated", false))
	if err != nil {
		return nil, refuse("ErrorCorruptData")
	}
	it.Creator = c.who.account
	c.acted = true
	c.forget(it)
	if old != nil {
		it.TakePlaceOf(old)
	}
	return it, nil
}
