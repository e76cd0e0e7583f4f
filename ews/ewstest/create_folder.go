package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func createFolder(c *call) *refusal {
	parent, missing := c.folder(c.op.Child("ParentFolderId").First())
	missing = asTarget(missing, "ErrorParentFolderNotFound")
	c.batch(c.op.Child("Folders").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if missing != nil {
			return nil, missing
		}
		if refused := c.still(parent, "ErrorParentFolderNotFound"); refused != nil {
			return nil, refused
		}
		f, refused := c.newFolder(parent, n)
		if refused != nil {
			return nil, refused
		}
		return func() { c.out.writeFolders(f) }, nil
	})
	return nil
}

// inherited returns the permissions of a new folder of a class: those of its parent,
// which are never modified. The caller becomes its owner.
func (c *call) inherited(parent *mailstore.Folder, class string) []mailstore.Permission {
	all := parent.Permissions
	if folderKindOf(class) != "CalendarFolder" {
		all = withoutFreeBusy(all)
	}
	if c.who.opens(parent.Mailbox) || c.who.box == nil {
		return all
	}
	all = slices.DeleteFunc(slices.Clone(all), func(p mailstore.Permission) bool { return c.who.box.Has(p.User) })
	return append(all, mailstore.Permission{User: c.who.box.Address, Name: c.who.box.DisplayName, SID: c.who.box.SID(), Level: "Owner", Rights: levels["Owner"]})
}

// newFolder makes a folder from an element.
func (c *call) newFolder(parent *mailstore.Folder, n *ewsschema.Node) (*mailstore.Folder, *refusal) {
	class, ok := folderClasses[n.Local]
	if !ok {
		return nil, refuseText("ErrorInvalidOperation", "ewstest cannot create a "+n.Local+".")
	}
	if n.Local != "Folder" && n.Child("FolderClass").Exists() {
		return nil, refuseText("ErrorNoFolderClassOverride", "Only a Folder can be created with a FolderClass.")
	}
	u := &folderUpdate{server: c.Server, call: c, box: parent.Mailbox, kind: n.Local, class: class}
	for _, k := range n.Kids() {
		refused := folderElements[k.Local].create.refusal(c.opts.Version, k.Local, true)
		if refused == nil {
			refused = u.put(k)
		}
		if refused != nil {
			return nil, refused
		}
	}
	if refused := u.named(); refused != nil {
		return nil, refused
	}
	if n.Local == "SearchFolder" && u.search == nil {
		return nil, refuseText("ErrorInvalidOperation", "A search folder needs SearchParameters.")
	}
	if n.Path("PermissionSet", "Permissions").Exists() && folderKindOf(u.class) == "CalendarFolder" {
		return nil, refuse("ErrorCannotSetNonCalendarPermissionOnCalendarFolder")
	}
	switch {
	case parent.Search != nil:
		return nil, refuseText("ErrorInvalidParentFolder", "A search folder has no subfolders.")
	case parent.Recoverable():
		return nil, refuseText("ErrorCreateSubfolderAccessDenied", "Access is denied. The folder was not created.")
	case parent.Child(u.name) != nil:
		return nil, refuse("ErrorFolderExists")
	case !parent.Fits(mailstore.Extent{Levels: 1, Folders: 1}):
		return nil, refuse("ErrorQuotaExceeded")
	}
	f := parent.Add(u.name, u.class)
	f.Properties, f.Permissions = u.properties, u.permissions
	u.seek(f)
	if u.permissions == nil {
		f.Permissions = c.inherited(parent, u.class)
	}
	c.acted = true
	return f, nil
}
