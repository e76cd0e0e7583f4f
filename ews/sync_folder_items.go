package ews

import (
	"cmp"
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// SyncFolderItemsRequest asks for the changes in a folder.
type SyncFolderItemsRequest struct {
	Folder FolderRef // not a search folder; required
	// Shape selects what to return of items that are new or have changed. Bodies,
	// recipients and whatever else a search cannot return are left out.
	Shape ItemShape
	// State is what the last call returned; it is opaque. Default: everything in the
	// folder is new.
	State string
	// MaxChanges is the maximum number of changes to return, 1 to 512. Default: 512.
	MaxChanges int
	// Associated also returns items that are hidden from users (Exchange 2010 and later).
	Associated bool
}

// maxSyncChanges is the maximum number of changes that a server returns.
const maxSyncChanges = 512

// FolderSync holds the changes in a folder since a state.
type FolderSync struct {
	// State is to be passed to the next call. It can be some 100 KB long.
	State string
	// Last reports whether there are no further changes at present.
	Last    bool
	Changes []SyncChange
}

// SyncKind is what happened to an item or folder, as the protocol spells it.
type SyncKind string

// What can happen to an item or folder.
const (
	SyncCreate   SyncKind = "Create"
	SyncUpdate   SyncKind = "Update"
	SyncDelete   SyncKind = "Delete"         // removed, or moved elsewhere
	SyncReadFlag SyncKind = "ReadFlagChange" // of an item, in which nothing else changed
)

// SyncChange is one change of an item.
type SyncChange struct {
	Kind SyncKind
	// Item is the item with the properties of the shape. After SyncDelete only its id is
	// set, and after SyncReadFlag only its id and IsRead.
	Item Item
}

// SyncFolderItems returns the changes in a folder since a state. New items are listed
// from the newest to the oldest (Exchange 2010 SP2 and later); an item that was moved
// away and back is a new one. ErrorInvalidSyncStateData means that the state is too old
// or the mailbox was moved: call it without a state then.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderitems-operation.
func (c *Client) SyncFolderItems(ctx context.Context, req SyncFolderItemsRequest) (*FolderSync, error) {
	changes, err := do(ctx, c, syncFolderItems(req))
	if err != nil {
		return nil, err
	}
	return &changes, nil
}

type syncFolderItems SyncFolderItemsRequest

func (r syncFolderItems) task() (task, error) {
	t := task{op: OpSyncFolderItems}
	if err := checkFolder("SyncFolderItemsRequest.Folder", r.Folder); err != nil {
		return t, err
	}
	if r.MaxChanges < 0 || r.MaxChanges > maxSyncChanges {
		return t, wrong("SyncFolderItemsRequest.MaxChanges", "is %d: use 1 to 512, or 0 for 512", r.MaxChanges)
	}
	return t, r.Shape.check("SyncFolderItemsRequest.Shape")
}

func (r syncFolderItems) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:SyncFolderItems")
	r.Shape.encode(e, v)
	encodeFolders(e, "m:SyncFolderId", []FolderRef{r.Folder})
	if r.State != "" {
		e.Leaf("m:SyncState", r.State)
	}
	e.Int("m:MaxChangesReturned", int64(cmp.Or(r.MaxChanges, maxSyncChanges)))
	if r.Associated {
		e.Leaf("m:SyncScope", "NormalAndAssociatedItems")
	}
	e.Close()
}

func (r syncFolderItems) decode(a *answer) (FolderSync, error) {
	sync, err := single(a, "", func(s *FolderSync) {
		switch a.d.Local() {
		case "SyncState":
			s.State = a.d.Text()
		case "IncludesLastItemInRange":
			s.Last, _ = a.d.TryBool()
		case "Changes":
			x := &itemDecoder{d: a.d}
			depth := a.d.Depth()
			for a.d.NextChild(depth) {
				s.Changes = append(s.Changes, SyncChange{Kind: SyncKind(a.d.Local())})
				x.change(&s.Changes[len(s.Changes)-1])
			}
		}
	})
	switch {
	case err != nil:
		return sync, err
	case sync.State == "":
		return sync, a.malformed("a response message reports success without SyncState")
	case len(sync.Changes) > cmp.Or(r.MaxChanges, maxSyncChanges):
		return sync, a.misfit("more changes than requested")
	}
	for _, change := range sync.Changes {
		if change.Item.ID.IsZero() {
			return sync, a.malformed("a change without the id of an item")
		}
	}
	return sync, nil
}

// change reads the current element as a change.
func (x *itemDecoder) change(c *SyncChange) {
	depth := x.d.Depth()
	for x.d.NextChild(depth) {
		switch x.d.Local() {
		case "ItemId":
			c.Item.ID = decodeItemID(x.d)
		case "IsRead":
			c.Item.IsRead, _ = x.d.TryBool()
		default:
			x.item(&c.Item)
		}
	}
}
