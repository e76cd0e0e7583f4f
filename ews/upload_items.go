package ews

import "context"

// UploadAction says what UploadItems does with an item that is there already.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/item-uploaditemtype.
type UploadAction string

// Upload actions. The zero value stands for UploadCreateNew.
const (
	UploadCreateNew      UploadAction = "CreateNew"      // a new item, always
	UploadUpdate         UploadAction = "Update"         // replaces ItemID, which must be in Parent
	UploadUpdateOrCreate UploadAction = "UpdateOrCreate" // replaces ItemID if it is in Parent, else a new item
)

// UploadItem is one item to be uploaded.
type UploadItem struct {
	Parent     FolderID // a real folder id; UploadItems takes no well-known names
	Data       Content  // what ExportItems gave
	Associated bool     // folder associated information, not a message
	Action     UploadAction
	ItemID     ItemID // for UploadUpdate and UploadUpdateOrCreate
}

// UploadItems creates items from what [Client.ExportItems] gave and returns
// their ids. It is a write and is never repeated.
//
// Exchange 2010 SP1 and later; [ErrUnsupportedVersion] before. Servers accept
// requests up to a limit, 25 MB of base64 on 2010 SP1 and 64 MB later, unless
// configured otherwise.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/uploaditems-operation.
func (c *Client) UploadItems(ctx context.Context, items []UploadItem) (Results[ItemID], error) {
	return nil, errUnbuilt
}
