package ews

import "context"

// MoveItemRequest asks to move items into one folder.
type MoveItemRequest struct {
	IDs []ItemID // at least one, all of one mailbox
	To  FolderRef
}

// MoveItem moves items and returns their new ids. A move into another mailbox
// gives none: a zero [ItemID] with a nil error then means that the server says
// it moved the item, and the caller has to find it. Under impersonation such a
// move fails. It is a write and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation.
func (c *Client) MoveItem(ctx context.Context, req MoveItemRequest) (Results[ItemID], error) {
	return nil, errUnbuilt
}
