package ews

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// SuppressReadReceipt withdraws the read receipt that an unread message asks for, so that
// neither reading nor deleting it notifies the sender. On servers before Exchange 2013
// SP1 it takes the place of the SuppressReadReceipts attribute. The id needs a current
// change key. It is not an error if the item has no pending receipt, or is not a message
// and so never has one.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/suppressreadreceipt.
func (c *Client) SuppressReadReceipt(ctx context.Context, id ItemID) error {
	_, err := do(ctx, c, suppressReadReceipt(id))
	if errors.Is(err, hasCode(codeReceiptNotPending)) || errors.Is(err, hasCode(codeNotReferable)) {
		return nil
	}
	return err
}

type suppressReadReceipt ItemID

func (r suppressReadReceipt) task() (task, error) {
	t := task{op: OpCreateItem, expects: []ResponseCode{codeReceiptNotPending, codeNotReferable}}
	switch {
	case r.ID == "":
		return t, wrong("SuppressReadReceipt argument id", "is empty")
	case r.ChangeKey == "":
		return t, wrong("SuppressReadReceipt argument id", "has no ChangeKey: get the item first")
	}
	return t, nil
}

func (r suppressReadReceipt) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:CreateItem")
	e.Attr("MessageDisposition", "SaveOnly")
	e.Open("m:Items")
	e.Open("t:SuppressReadReceipt")
	ItemID(r).encode(e, "t:ReferenceItemId")
	e.Close()
	e.Close()
	e.Close()
}

func (r suppressReadReceipt) decode(a *answer) (struct{}, error) {
	return single(a, "", func(*struct{}) {})
}
