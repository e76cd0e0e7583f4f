package ews

import "context"

// SuppressReadReceipt withdraws the read receipt that an unread message asks
// for, so that neither reading nor deleting it tells the sender. It is what
// servers before Exchange 2013 SP1 have instead of the SuppressReadReceipts
// attribute. The id needs a current change key. An item without a pending
// receipt is no error.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/suppressreadreceipt.
func (c *Client) SuppressReadReceipt(ctx context.Context, id ItemID) error {
	return errUnbuilt
}
