package ews

import (
	"cmp"
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// CreateItemRequest asks to create one message from MIME.
type CreateItemRequest struct {
	Folder       FolderRef // where to save it; required, but see [Client.CreateItems]
	MIME         Content   // required
	CharacterSet string    // default: UTF-8
	Kind         string    // element name: "Message" (default) or "PostItem"; it must agree with the class

	Class      string // item class; default: what the server derives from the MIME
	Importance string // "Low", "Normal" or "High"; default: as in the MIME
	Categories []string
	Flag       Flag  // sent to Exchange 2013 and later if Status is set; older servers do not know the element
	IsRead     *bool // nil: left to the server

	// Extended are MAPI properties to set on the item. Without PidTagMessageFlags the
	// item is a draft; without PidTagMessageDeliveryTime it gets the current time.
	Extended []ExtendedProperty
}

// CreateItem saves one new message. The message is never sent: the disposition
// is always SaveOnly. It is a write and is never repeated. Some servers return no
// id: a zero [ItemID] with a nil error then means that the server reported success,
// and the caller must find the item.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/createitem-operation.
func (c *Client) CreateItem(ctx context.Context, req CreateItemRequest) (ItemID, error) {
	return do(ctx, c, createItem(req))
}

// CreateItems saves several new messages in one folder with one request, and returns a
// result for each, in the order requested. The Folder of each must be nil. Otherwise it
// works like [Client.CreateItem]. Servers limit the size of a request, by default to 35
// MB on Exchange 2010 and 64 MB on later versions; in the request, MIME takes up a third
// more than its own size.
func (c *Client) CreateItems(ctx context.Context, folder FolderRef, items []CreateItemRequest) (Results[ItemID], error) {
	return do(ctx, c, createItems{folder, items})
}

type createItem CreateItemRequest

func (r createItem) task() (task, error) {
	t := task{op: OpCreateItem, contents: []Content{r.MIME}}
	if err := checkFolder("CreateItemRequest.Folder", r.Folder); err != nil {
		return t, err
	}
	return t, within("CreateItemRequest", r.check())
}

// check returns an error if a field other than Folder is invalid.
func (r *createItem) check() error {
	if err := r.MIME.check("MIME"); err != nil {
		return err
	}
	switch r.Kind {
	case "", "Message", "PostItem":
	default:
		return wrong("Kind", "is %q: use Message or PostItem", r.Kind)
	}
	if r.Importance != "" {
		if err := checkImportance("Importance", r.Importance); err != nil {
			return err
		}
	}
	if err := r.Flag.check("Flag"); err != nil {
		return err
	}
	return checkExtended("Extended", r.Extended)
}

func (r createItem) encode(e *xmlwire.Encoder, v Version) {
	encodeNewItems(e, r.Folder, func() { r.item(e, v) })
}

// encodeNewItems writes the request around its items.
func encodeNewItems(e *xmlwire.Encoder, folder FolderRef, items func()) {
	e.Open("m:CreateItem")
	// Anything else would send the message.
	e.Attr("MessageDisposition", "SaveOnly")
	encodeFolders(e, "m:SavedItemFolderId", []FolderRef{folder})
	e.Open("m:Items")
	items()
	e.Close()
	e.Close()
}

// item writes the item, with a splice where its content goes.
func (r *createItem) item(e *xmlwire.Encoder, v Version) {
	e.Open("t:" + cmp.Or(r.Kind, "Message"))
	e.Open("t:MimeContent")
	e.Attr("CharacterSet", cmp.Or(r.CharacterSet, "UTF-8"))
	e.Splice()
	e.Close()
	if r.Class != "" {
		e.Leaf("t:ItemClass", r.Class)
	}
	if len(r.Categories) > 0 {
		encodeCategories(e, r.Categories)
	}
	if r.Importance != "" {
		e.Leaf("t:Importance", r.Importance)
	}
	for _, p := range r.Extended {
		p.encode(e)
	}
	if r.Flag.Status != "" && v >= Exchange2013 {
		r.Flag.encode(e)
	}
	if r.IsRead != nil {
		e.Bool("t:IsRead", *r.IsRead)
	}
	e.Close()
}

func (r createItem) decode(a *answer) (ItemID, error) {
	return single(a, "", func(id *ItemID) { decodeNewID(a.d, id) })
}

// createItems creates several items in one folder.
type createItems struct {
	folder FolderRef
	items  []CreateItemRequest
}

func (r createItems) task() (task, error) {
	t := task{op: OpCreateItem}
	if err := checkFolder("CreateItems argument folder", r.folder); err != nil {
		return t, err
	}
	if len(r.items) == 0 {
		return t, wrong("CreateItems argument items", "is empty: at least one item is required")
	}
	for i := range r.items {
		item := (*createItem)(&r.items[i])
		err := item.check()
		if item.Folder != nil {
			err = wrong("Folder", "is set: the folder of all items is an argument of its own")
		}
		if err != nil {
			return t, within("CreateItemRequest"+at(i), err)
		}
		t.contents = append(t.contents, item.MIME)
	}
	return t, nil
}

func (r createItems) encode(e *xmlwire.Encoder, v Version) {
	encodeNewItems(e, r.folder, func() {
		for i := range r.items {
			(*createItem)(&r.items[i]).item(e, v)
		}
	})
}

func (r createItems) decode(a *answer) (Results[ItemID], error) {
	return batch(a, len(r.items), func(id *ItemID) { decodeNewID(a.d, id) })
}

func encodeCategories(e *xmlwire.Encoder, categories []string) {
	e.Open("t:Categories")
	for _, c := range categories {
		e.Leaf("t:String", c)
	}
	e.Close()
}

func (f Flag) check(field string) error {
	switch f.Status {
	case "", "NotFlagged", "Flagged", "Complete":
		return nil
	}
	return wrong(field+".Status", "is %q: use NotFlagged, Flagged or Complete", f.Status)
}

func (f Flag) encode(e *xmlwire.Encoder) {
	e.Open("t:Flag")
	e.Leaf("t:FlagStatus", f.Status)
	for _, date := range []struct {
		name string
		time time.Time
	}{{"t:StartDate", f.Start}, {"t:DueDate", f.Due}, {"t:CompleteDate", f.Complete}} {
		if !date.time.IsZero() {
			e.Leaf(date.name, FormatTime(date.time))
		}
	}
	e.Close()
}

func checkImportance(field, value string) error {
	switch value {
	case "Low", "Normal", "High":
		return nil
	}
	return wrong(field, "is %q: use Low, Normal or High", value)
}
