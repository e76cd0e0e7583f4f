package ews

import (
	"cmp"
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// UploadAction determines what UploadItems does with an item that already exists.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/item-uploaditemtype.
type UploadAction string

// Upload actions. The zero value means UploadCreateNew.
const (
	UploadCreateNew      UploadAction = "CreateNew"      // always a new item
	UploadUpdate         UploadAction = "Update"         // replaces ItemID, which must be in Parent
	UploadUpdateOrCreate UploadAction = "UpdateOrCreate" // replaces ItemID if it is in Parent, otherwise a new item
)

// UploadItem is one item to upload.
type UploadItem struct {
	Parent     FolderID     // a real folder id; UploadItems does not accept well-known names
	Data       Content      // from ExportItems: [Exports.Reader] with Base64 set, or the bytes of [Exports.Decoded]
	Associated bool         // folder associated information, not a message
	Action     UploadAction // default: UploadCreateNew
	ItemID     ItemID       // for UploadUpdate and UploadUpdateOrCreate
}

// UploadItems creates items from the data that [Client.ExportItems] returned,
// and returns their ids. It is a write and is never repeated. Some servers return
// no ids: a zero [ItemID] with a nil error then means that the server reported
// success, and the caller must find the item.
//
// It needs Exchange 2010 SP1 or later; otherwise the error is
// [ErrUnsupportedVersion]. Servers limit the size of a request: by default to
// 25 MB of base64 on 2010 SP1 and 64 MB on later versions.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/uploaditems-operation.
func (c *Client) UploadItems(ctx context.Context, items []UploadItem) (Results[ItemID], error) {
	return do(ctx, c, uploadItems(items))
}

type uploadItems []UploadItem

func (r uploadItems) task() (task, error) {
	t := task{op: OpUploadItems, least: Exchange2010SP1, what: "UploadItems"}
	if len(r) == 0 {
		return t, wrong("UploadItems argument items", "is empty: at least one item is required")
	}
	for i, item := range r {
		if err := item.check(); err != nil {
			return t, within("UploadItem"+at(i), err)
		}
		t.contents = append(t.contents, item.Data)
	}
	return t, nil
}

func (u *UploadItem) check() error {
	if u.Parent.IsZero() {
		return wrong("Parent.ID", "is empty: UploadItems needs the real folder id; get the folder first")
	}
	switch u.Action {
	case "", UploadCreateNew:
	case UploadUpdate, UploadUpdateOrCreate:
		if u.ItemID.IsZero() {
			return wrong("ItemID", "is empty, but %s needs it", u.Action)
		}
	default:
		return wrong("Action", "is %q: use CreateNew, Update or UpdateOrCreate", u.Action)
	}
	return u.Data.check("Data")
}

func (r uploadItems) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:UploadItems")
	e.Open("m:Items")
	for _, item := range r {
		e.Open("t:Item")
		e.Attr("CreateAction", string(cmp.Or(item.Action, UploadCreateNew)))
		if item.Associated {
			e.Attr("IsAssociated", "true")
		}
		encodeID(e, "t:ParentFolderId", item.Parent.ID, item.Parent.ChangeKey)
		if !item.ItemID.IsZero() && cmp.Or(item.Action, UploadCreateNew) != UploadCreateNew {
			item.ItemID.encode(e, "t:ItemId")
		}
		e.Open("t:Data")
		e.Splice()
		e.Close()
		e.Close()
	}
	e.Close()
	e.Close()
}

func (r uploadItems) decode(a *answer) (Results[ItemID], error) {
	return batch(a, len(r), func(id *ItemID) {
		if a.d.Local() == "ItemId" {
			*id = decodeItemID(a.d)
		}
	})
}
