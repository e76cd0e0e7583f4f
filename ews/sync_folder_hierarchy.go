package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// SyncFolderHierarchyRequest asks for the changes in the folders of a mailbox.
type SyncFolderHierarchyRequest struct {
	Folder FolderRef // its subfolders are reported; default: the root of the caller's own mailbox
	Shape  FolderShape
	// State is what the last call returned; it is opaque. Default: every folder is new.
	State string
}

// HierarchySync holds the changes in the folders of a mailbox since a state.
type HierarchySync struct {
	State   string // to pass to the next call
	Last    bool   // there are no further changes at present
	Changes []FolderChange
}

// FolderChange is one change of a folder.
type FolderChange struct {
	Kind   SyncKind
	Folder Folder // after [SyncDelete], only its id is set
}

// SyncFolderHierarchy returns the folders, at any depth, that have been created, changed
// or deleted since a state. After ErrorInvalidSyncStateData, call it without a state.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderhierarchy-operation.
func (c *Client) SyncFolderHierarchy(ctx context.Context, req SyncFolderHierarchyRequest) (*HierarchySync, error) {
	changes, err := do(ctx, c, syncFolderHierarchy(req))
	if err != nil {
		return nil, err
	}
	return &changes, nil
}

type syncFolderHierarchy SyncFolderHierarchyRequest

func (r syncFolderHierarchy) task() (task, error) {
	t := task{op: OpSyncFolderHierarchy}
	if r.Folder != nil {
		if err := checkFolder("SyncFolderHierarchyRequest.Folder", r.Folder); err != nil {
			return t, err
		}
	}
	return t, r.Shape.check("SyncFolderHierarchyRequest.Shape")
}

func (r syncFolderHierarchy) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:SyncFolderHierarchy")
	r.Shape.encode(e, v)
	if r.Folder != nil {
		encodeFolders(e, "m:SyncFolderId", []FolderRef{r.Folder})
	}
	if r.State != "" {
		e.Leaf("m:SyncState", r.State)
	}
	e.Close()
}

func (r syncFolderHierarchy) decode(a *answer) (HierarchySync, error) {
	sync, err := single(a, "", func(s *HierarchySync) {
		switch a.d.Local() {
		case "SyncState":
			s.State = a.d.Text()
		case "IncludesLastFolderInRange":
			s.Last, _ = a.d.TryBool()
		case "Changes":
			depth := a.d.Depth()
			for a.d.NextChild(depth) {
				s.Changes = append(s.Changes, decodeFolderChange(a.d))
			}
		}
	})
	switch {
	case err != nil:
		return sync, err
	case sync.State == "":
		return sync, a.malformed("a response message reports success without SyncState")
	}
	for _, change := range sync.Changes {
		if change.Folder.ID.IsZero() {
			return sync, a.malformed("a change without the id of a folder")
		}
	}
	return sync, nil
}

func decodeFolderChange(d *xmlwire.Decoder) FolderChange {
	c := FolderChange{Kind: SyncKind(d.Local())}
	depth := d.Depth()
	for d.NextChild(depth) {
		if d.Local() == "FolderId" {
			c.Folder.ID = decodeFolderID(d)
		} else {
			decodeFolder(d, &c.Folder)
		}
	}
	return c
}
