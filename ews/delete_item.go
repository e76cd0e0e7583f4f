package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// DeleteType says where deleted items go.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/deleteitem.
type DeleteType string

// Delete types.
const (
	// HardDelete leaves nothing that the user can recover; where retention or
	// a hold applies, the item goes to the Purges of Recoverable Items.
	HardDelete DeleteType = "HardDelete"
	// SoftDelete puts the item where the user can recover it.
	SoftDelete DeleteType = "SoftDelete"
	// MoveToDeletedItems is refused for a delegate in another's mailbox.
	MoveToDeletedItems DeleteType = "MoveToDeletedItems"
)

// DeleteItemRequest asks to delete items.
type DeleteItemRequest struct {
	IDs  []ItemID   // at least one, all of one mailbox
	Type DeleteType // required

	// RequireSuppression refuses the deletion, with [ErrUnsupportedVersion],
	// where the server cannot suppress the "not read" notice that deleting an
	// unread message sends. Without it such a server is asked all the same;
	// call [Client.SuppressReadReceipt] first.
	RequireSuppression bool
}

// DeleteItem deletes items. Nothing is sent to anybody: SendToNone and, from
// Exchange 2013 SP1 on, SuppressReadReceipts are always given. It is a write
// and is never repeated.
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
		return t, wrong("DeleteItemRequest.Type", "is %q: give HardDelete, SoftDelete or MoveToDeletedItems", r.Type)
	}
	return t, checkItemIDs("DeleteItemRequest.IDs", r.IDs)
}

// suppression is what RequireSuppression stands for in errors.
const suppression = "suppressing read receipts (RequireSuppression)"

// encode writes what is mandatory for calendar items and tasks always: ids do
// not tell their kind.
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

// SuppressesReceipts reports whether the version that the next request of this
// view will carry can suppress receipts when items are deleted or marked as
// read (Exchange 2013 SP1 and later). Before the first answer it reports what
// is assumed; to rely on it, set RequireSuppression in the request.
func (c *Client) SuppressesReceipts() bool { return c.Version() >= Exchange2013SP1 }
