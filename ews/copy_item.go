package ews

import "context"

// CopyItemRequest asks to copy items into one folder.
type CopyItemRequest struct {
	IDs []ItemID  // at least one, all of one mailbox
	To  FolderRef // required
}

// CopyItem copies items and returns the ids of the copies, under the same conditions as
// [Client.MoveItem]. It is a write and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/copyitem-operation.
func (c *Client) CopyItem(ctx context.Context, req CopyItemRequest) (Results[ItemID], error) {
	return do(ctx, c, moveItem{OpCopyItem, MoveItemRequest(req)})
}
