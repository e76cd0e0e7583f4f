package ewstest

import "github.com/ewsquarantine/ewsquarantine/internal/ewsschema"

// archiveItem moves items into the online archive of their mailbox: into the folder at
// the same path as the source folder, which is created if it does not exist. Like every
// move into another store, it returns no ids. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/archiveitem-operation.
func archiveItem(c *call) *refusal {
	from, missing := c.folder(c.op.Child("ArchiveSourceFolderId").First())
	if missing == nil {
		switch kind := folderKind(from); {
		case from.Archive:
			missing = refuse("ErrorCannotArchiveItemsInArchiveMailbox")
		case kind == "SearchFolder":
			missing = refuse("ErrorCannotSpecifySearchFolderAsSourceFolder")
		case kind != "Folder":
			missing = refuse("ErrorCannotArchiveCalendarContactTaskFolderException")
		case !from.Mailbox.Archive:
			missing = refuse("ErrorArchiveMailboxNotEnabled")
		case !c.who.opens(from.Mailbox):
			missing = refuse("ErrorAccessDenied")
		}
	}
	c.batch(c.op.Child("ItemIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		it, refused := c.item(n)
		if refused == nil {
			refused = sound(n)
		}
		if refused == nil {
			refused = missing
		}
		if refused == nil {
			refused = c.still(from, "ErrorFolderNotFound")
		}
		if refused != nil {
			return nil, refused
		}
		switch {
		case it.Folder.Mailbox != from.Mailbox:
			return nil, refuse("ErrorCrossMailboxMoveCopy")
		case it.Folder.Archive:
			return nil, refuse("ErrorCannotArchiveItemsInArchiveMailbox")
		case it.Associated:
			return nil, refuse("ErrorInvalidItemForOperationArchiveItem")
		}
		to := from.InArchive()
		if to == nil {
			return nil, refuse("ErrorMoveCopyFailed")
		}
		c.acted = true
		it.MoveTo(to)
		return c.out.emptyItems, nil
	})
	return nil
}
