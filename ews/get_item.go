package ews

import "context"

// GetItemRequest asks for properties of items.
type GetItemRequest struct {
	IDs   []ItemID // at least one, all of one mailbox; ten are advisable
	Shape ItemShape
}

// GetItem returns items, one result for each asked, in their order. It does
// not mark them as read. For the MIME of a message see [Client.OpenMIME].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getitem-operation.
func (c *Client) GetItem(ctx context.Context, req GetItemRequest) (Results[Item], error) {
	return nil, errUnbuilt
}
