package ews

import "context"

// CreateItemRequest asks for one new message made from MIME.
type CreateItemRequest struct {
	Folder       FolderRef // where it is saved; required
	MIME         Content   // required
	CharacterSet string    // default: UTF-8

	Class      string // item class; default: what the server derives from the MIME
	Importance string // "Low", "Normal" or "High"; default: what the MIME says
	Categories []string
	Flag       Flag // sent from Exchange 2013 on, if Status is set; older servers have no such element
	IsRead     *bool

	// Extended are MAPI properties to be set with it. Without
	// PidTagMessageFlags the item is a draft; without
	// PidTagMessageDeliveryTime it is dated now.
	Extended []ExtendedProperty
}

// CreateItem saves one new message. It is never sent: the disposition is
// SaveOnly, always. It is a write and is never repeated.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createitem-operation.
func (c *Client) CreateItem(ctx context.Context, req CreateItemRequest) (ItemID, error) {
	return ItemID{}, errUnbuilt
}
