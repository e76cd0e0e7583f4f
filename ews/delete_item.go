package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// DeleteType determines where deleted items go.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteitem.
type DeleteType string

// Delete types.
const (
	// HardDelete leaves nothing that the user can recover. Where retention or a hold
	// applies, the item goes to the Purges folder of Recoverable Items.
	HardDelete DeleteType = "HardDelete"
	// SoftDelete puts the item where the user can recover it.
	SoftDelete DeleteType = "SoftDelete"
	// MoveToDeletedItems is refused for a delegate in another user's mailbox.
	MoveToDeletedItems DeleteType = "MoveToDeletedItems"
)

// DeleteItemRequest asks to delete items.
type DeleteItemRequest struct {
	IDs  []ItemID   // at least one, all of one mailbox
	Type DeleteType // required

	// RequireSuppression makes the deletion fail with [ErrUnsupportedVersion] if the
	// server cannot suppress the "not read" notice that deleting an unread message sends.
	// Without it, the request is sent to such a server anyway; call
	// [Client.SuppressReadReceipt] first.
	RequireSuppression bool
}

// DeleteItem deletes items. Nobody is notified: SendToNone and, on Exchange 2013
// SP1 and later, SuppressReadReceipts are always set. It is a write and is never
// repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteitem-operation.
func (c *Client) DeleteItem(ctx context.Context, req DeleteItemRequest) (Results[struct{}], error) {
	return do(ctx, c, deleteItem(req))
}

type deleteItem DeleteItemRequest

func (r deleteItem) task() (task, error) {
	t := task{op: OpDeleteItem}
	if r.RequireSuppression {
		t.least, t.what = Exchange2013SP1, suppression
	}
	switch r.Type {
	case HardDelete, SoftDelete, MoveToDeletedItems:
	default:
		return t, wrong("DeleteItemRequest.Type", "is %q: use HardDelete, SoftDelete or MoveToDeletedItems", r.Type)
	}
	return t, checkItemIDs("DeleteItemRequest.IDs", r.IDs)
}

// suppression names RequireSuppression in errors.
const suppression = "suppressing read receipts (RequireSuppression)"

// encode always writes the attributes that calendar items and tasks require,
// because an id does not reveal the kind of item.
func (r deleteItem) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:DeleteItem")
	e.Attr("DeleteType", string(r.Type))
	e.Attr("SendMeetingCancellations", "SendToNone")
	e.Attr("AffectedTaskOccurrences", "AllOccurrences")
	encodeSuppression(e, v)
	encodeItemIDs(e, r.IDs)
	e.Close()
}

func encodeSuppression(e *xmlwire.Encoder, v Version) {
	if v >= Exchange2013SP1 {
		e.Attr("SuppressReadReceipts", "true")
	}
}

func (r deleteItem) decode(a *answer) (Results[struct{}], error) {
	return batch(a, len(r.IDs), func(*struct{}) {})
}

// SuppressesReceipts reports whether the schema version of this view's next
// request can suppress receipts when items are deleted or marked as read
// (Exchange 2013 SP1 and later). Before the first response this is only an
// assumption; to rely on it, set RequireSuppression in the request.
func (c *Client) SuppressesReceipts() bool { return c.Version() >= Exchange2013SP1 }
