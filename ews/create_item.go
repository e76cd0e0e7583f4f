package ews

import (
	"cmp"
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// CreateItemRequest asks to create one message from MIME.
type CreateItemRequest struct {
	Folder       FolderRef // where it is saved; required
	MIME         Content   // required
	CharacterSet string    // default: UTF-8
	Kind         string    // element name: "Message" (default) or "PostItem"; it must agree with the class

	Class      string // item class; default: what the server derives from the MIME
	Importance string // "Low", "Normal" or "High"; default: what the MIME says
	Categories []string
	Flag       Flag // sent to Exchange 2013 and later if Status is set; older servers do not know the element
	IsRead     *bool

	// Extended are MAPI properties to set on the item. Without
	// PidTagMessageFlags it is a draft; without PidTagMessageDeliveryTime it
	// gets the current time.
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

type createItem CreateItemRequest

func (r createItem) task() (task, error) {
	t := task{op: OpCreateItem, contents: []Content{r.MIME}}
	if err := checkFolder("CreateItemRequest.Folder", r.Folder); err != nil {
		return t, err
	}
	if err := r.MIME.check("CreateItemRequest.MIME"); err != nil {
		return t, err
	}
	switch r.Kind {
	case "", "Message", "PostItem":
	default:
		return t, wrong("CreateItemRequest.Kind", "is %q: use Message or PostItem", r.Kind)
	}
	if r.Importance != "" {
		if err := checkImportance("CreateItemRequest.Importance", r.Importance); err != nil {
			return t, err
		}
	}
	if err := r.Flag.check("CreateItemRequest.Flag"); err != nil {
		return t, err
	}
	return t, checkExtended("CreateItemRequest.Extended", r.Extended)
}

func (r createItem) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:CreateItem")
	// Anything else would send the message.
	e.Attr("MessageDisposition", "SaveOnly")
	encodeFolders(e, "m:SavedItemFolderId", []FolderRef{r.Folder})
	e.Open("m:Items")
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
	e.Close()
	e.Close()
}

func (r createItem) decode(a *answer) (ItemID, error) {
	return single(a, "", func(id *ItemID) { decodeNewID(a.d, id) })
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
