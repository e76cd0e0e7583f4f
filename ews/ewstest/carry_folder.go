package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// moveFolder moves folders within their mailbox, with all their content. They keep their
// ids. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/movefolder-operation.
func moveFolder(c *call) *refusal {
	return c.carryFolders(func(n *ewsschema.Node) (*mailstore.Folder, *refusal) {
		return c.changeable(n, "ErrorMoveDistinguishedFolder")
	}, func(f, to *mailstore.Folder) (*mailstore.Folder, *refusal) {
		switch {
		case !to.Below(f) && !to.Fits(mailstore.Extent{Levels: f.Extent().Levels}):
			return nil, refuse("ErrorQuotaExceeded")
		case !f.MoveTo(to):
			return nil, refuse("ErrorMoveCopyFailed")
		}
		return f, nil
	})
}

// copyFolder copies folders within their mailbox, with all their content. Unlike a move,
// it accepts well-known folders too; their copies are ordinary folders. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/copyfolder-operation.
func copyFolder(c *call) *refusal {
	return c.carryFolders(c.folder, func(f, to *mailstore.Folder) (*mailstore.Folder, *refusal) {
		switch {
		case f.IsRoot(), f.Recoverable(), to.Below(f):
			return nil, refuse("ErrorMoveCopyFailed")
		case to.Mailbox.Full(f.TreeSize()), !to.Fits(f.Extent()):
			return nil, refuse("ErrorQuotaExceeded")
		}
		return f.CopyTo(to, c.sees), nil
	})
}

// carryFolders moves or copies folders into one folder.
func (c *call) carryFolders(find func(*ewsschema.Node) (*mailstore.Folder, *refusal), carry func(f, to *mailstore.Folder) (*mailstore.Folder, *refusal)) *refusal {
	to, missing := c.folderFor(c.op.Child("ToFolderId").First(), "CreateFolder")
	missing = asTarget(missing, "ErrorToFolderNotFound")
	c.batch(c.op.Child("FolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		f, refused := find(n)
		switch {
		case refused != nil:
			return nil, refused
		case missing != nil:
			return nil, missing
		case to.Gone():
			return nil, refuse("ErrorToFolderNotFound")
		case to.Recoverable():
			return nil, refuse("ErrorAccessDenied")
		case to.Search != nil:
			return nil, refuse("ErrorMoveCopyFailed")
		case to.Mailbox != f.Mailbox:
			return nil, refuse("ErrorCrossMailboxMoveCopy")
		case to.Child(f.Name) != nil:
			return nil, refuse("ErrorFolderExists")
		}
		there, refused := carry(f, to)
		if refused != nil {
			return nil, refused
		}
		c.acted = true
		return func() { c.out.writeFolders(there) }, nil
	})
	return nil
}
