package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// MoveItemRequest asks to move items into one folder.
type MoveItemRequest struct {
	IDs []ItemID  // at least one, all of one mailbox
	To  FolderRef // required
}

// MoveItem moves items and returns their new ids. A move to another mailbox returns none:
// a zero [ItemID] with a nil error then means that the server reported success, and the
// caller must find the item. With impersonation such a move fails. MoveItem is a write
// and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation.
func (c *Client) MoveItem(ctx context.Context, req MoveItemRequest) (Results[ItemID], error) {
	return do(ctx, c, moveItem{OpMoveItem, req})
}

// moveItem is MoveItem or CopyItem, which differ only in name.
type moveItem struct {
	op Operation
	MoveItemRequest
}

func (r moveItem) task() (task, error) {
	t := task{op: r.op}
	if err := checkItemIDs(string(r.op)+"Request.IDs", r.IDs); err != nil {
		return t, err
	}
	return t, checkFolder(string(r.op)+"Request.To", r.To)
}

// encode omits ReturnNewItemIds: servers ignore it, and those before Exchange
// 2010 SP1 refuse it.
func (r moveItem) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:" + string(r.op))
	encodeFolders(e, "m:ToFolderId", []FolderRef{r.To})
	encodeItemIDs(e, r.IDs)
	e.Close()
}

func (r moveItem) decode(a *answer) (Results[ItemID], error) {
	return batch(a, len(r.IDs), func(id *ItemID) { decodeNewID(a.d, id) })
}

// decodeNewID reads the id of a moved, copied, created or changed item, if the
// current element is the list that contains it.
func decodeNewID(d *xmlwire.Decoder, id *ItemID) {
	if d.Local() != "Items" {
		return
	}
	depth := d.Depth()
	for d.NextChild(depth) {
		inner := d.Depth()
		for d.NextChild(inner) {
			if d.Local() == "ItemId" {
				*id = decodeItemID(d)
			}
		}
	}
}
