package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// removals maps a DeleteType to the kind of removal.
var removals = map[string]mailstore.Removal{"HardDelete": mailstore.Hard, "SoftDelete": mailstore.Soft, "MoveToDeletedItems": mailstore.ToDeletedItems}

// deleteFolder deletes folders and their content. Unless a folder is moved to
// Deleted Items, its items go to Recoverable Items one by one.
func deleteFolder(c *call) *refusal {
	how := removals[c.op.Get("DeleteType")]
	c.batch(c.op.Child("FolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		f, refused := c.changeable(n, "ErrorDeleteDistinguishedFolder")
		if refused != nil {
			return nil, refused
		}
		if how == mailstore.ToDeletedItems {
			if f.Mailbox != c.who.box {
				return nil, refuse("ErrorCannotDeleteObject")
			}
			if !f.Trash() && !f.MoveTo(f.Mailbox.Named("deleteditems")) {
				return nil, refuse("ErrorDeleteItemsFailed")
			}
			c.acted = true
			return nil, nil
		}
		c.acted = true
		f.Mailbox.Silently(func() { f.Walk(func(g *mailstore.Folder) { removeAll(g, how) }) })
		f.Delete()
		return nil, nil
	})
	return nil
}

func removeAll(f *mailstore.Folder, how mailstore.Removal) {
	if f.Search != nil {
		return
	}
	for _, it := range f.Items() {
		it.Remove(how, true)
	}
}

// emptyFolder removes the items of folders other than calendars and, with
// DeleteSubFolders, also the subfolders that are not well-known folders. Items and
// subfolders that go to Deleted Items keep their ids and their content.
func emptyFolder(c *call) *refusal {
	how := removals[c.op.Get("DeleteType")]
	c.batch(c.op.Child("FolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		f, refused := c.folder(n)
		subfolders := c.op.AttrBool("DeleteSubFolders", false)
		switch {
		case refused != nil:
			return nil, refused
		case subfolders && slices.ContainsFunc(f.Children, func(g *mailstore.Folder) bool { return !c.rightsIn(g).Owner }):
			return nil, refuse("ErrorAccessDenied")
		case f.IsRoot(), f.Search != nil, folderKind(f) == "CalendarFolder":
			return nil, refuse("ErrorCannotEmptyFolder")
		case how == mailstore.ToDeletedItems && f.Mailbox != c.who.box:
			return nil, refuse("ErrorCannotDeleteObject")
		}
		c.acted = true
		removeAll(f, how)
		if subfolders {
			for _, below := range slices.Clone(f.Children) {
				if below.Distinguished != "" {
					continue
				}
				if how != mailstore.ToDeletedItems || !below.Trash() {
					below.Walk(func(g *mailstore.Folder) { removeAll(g, how) })
					below.Delete()
				}
			}
		}
		return nil, nil
	})
	return nil
}

// updateFolder changes folders.
func updateFolder(c *call) *refusal {
	c.batch(c.op.Child("FolderChanges").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		f, refused := c.folder(n.First())
		if refused != nil {
			return nil, refused
		}
		u := &folderUpdate{server: c.Server, call: c, box: f.Mailbox, kind: folderKind(f), name: f.Name, class: f.Class, properties: f.Properties, permissions: f.Permissions}
		for _, change := range n.Child("Updates").Kids() {
			if refused := u.add(change); refused != nil {
				return nil, refused
			}
		}
		if refused := u.named(); refused != nil {
			return nil, refused
		}
		if other := f.Parent; other != nil {
			if same := other.Child(u.name); same != nil && same != f {
				return nil, refuse("ErrorFolderExists")
			}
		}
		c.acted = true
		f.Name, f.Class, f.Properties, f.Permissions = u.name, u.class, u.properties, u.permissions
		u.seek(f)
		f.Touch()
		return func() { c.out.writeFolders(f) }, nil
	})
	return nil
}

// createFolderPath creates nested folders, reusing those that exist.
func createFolderPath(c *call) *refusal {
	parent, missing := c.folder(c.op.Child("ParentFolderId").First())
	missing = asTarget(missing, "ErrorParentFolderNotFound")
	c.batch(c.op.Child("RelativeFolderPath").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if missing != nil {
			return nil, missing
		}
		if refused := c.still(parent, "ErrorParentFolderNotFound"); refused != nil {
			return nil, refused
		}
		f := parent.Child(n.Value("DisplayName"))
		if f == nil {
			if f, missing = c.newFolder(parent, n); missing != nil {
				return nil, missing
			}
		}
		parent = f
		return func() { c.out.writeFolders(f) }, nil
	})
	return nil
}

// changeable finds a folder that may be moved or deleted.
func (c *call) changeable(n *ewsschema.Node, distinguished ews.ResponseCode) (*mailstore.Folder, *refusal) {
	f, refused := c.folder(n)
	switch {
	case refused != nil:
		return nil, refused
	case f.Distinguished != "" || f.IsRoot():
		return nil, refuse(distinguished)
	}
	return f, nil
}

// writeFolders writes the id of one folder, as in the answers to write operations.
func (e *encoder) writeFolders(f *mailstore.Folder) {
	e.Open("m:Folders")
	e.Open("t:" + folderKind(f))
	e.folderID("t:FolderId", f)
	e.Close()
	e.Close()
}
