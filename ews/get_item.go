package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// GetItemRequest asks for properties of items.
type GetItemRequest struct {
	IDs   []ItemID // at least one, all of one mailbox; preferably about ten
	Shape ItemShape

	// MayBeGone declares that the caller expects ErrorItemNotFound as an answer, which is
	// then not logged as a problem. The results are the same.
	MayBeGone bool
}

// GetItem returns one result per requested item, in the order requested. It does
// not mark items as read. For the MIME of a message see [Client.OpenMIME].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation.
func (c *Client) GetItem(ctx context.Context, req GetItemRequest) (Results[Item], error) {
	return readBatch(ctx, c, len(req.IDs), func(members []int, _ error) getItem {
		r := req
		r.IDs = pick(req.IDs, members)
		return getItem(r)
	})
}

type getItem GetItemRequest

func (r getItem) task() (task, error) {
	t := task{op: OpGetItem, expects: ifGone(r.MayBeGone)}
	if err := checkItemIDs("GetItemRequest.IDs", r.IDs); err != nil {
		return t, err
	}
	return t, r.Shape.check("GetItemRequest.Shape")
}

func (r getItem) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:GetItem")
	r.Shape.encode(e, v)
	encodeItemIDs(e, r.IDs)
	e.Close()
}

func (r getItem) decode(a *answer) (Results[Item], error) {
	x := itemDecoder{d: a.d}
	results, err := batch(a, len(r.IDs), func(it *Item) {
		if a.d.Local() == "Items" {
			depth := a.d.Depth()
			if a.d.NextChild(depth) {
				x.item(it)
			}
		}
	})
	for i, got := range results {
		if got.Err != nil {
			continue
		}
		if err := a.about(r.IDs[i].ID, got.Value.ID.ID); err != nil {
			return nil, err
		}
	}
	return demand(a, results, err, func(it *Item) bool { return it.Kind != "" }, "an item")
}
