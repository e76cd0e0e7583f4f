package mailstore

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// LastParent returns the last folder of the item outside Deleted Items and Recoverable
// Items, or nil if there was none or it was deleted.
func (it *Item) LastParent() *Folder {
	if f := it.lastParent; f != nil && !f.deleted && f.active() {
		return f
	}
	return nil
}

// lastParentID returns the value of PidTagLastActiveParentEntryId: the GUID of the
// store and the 6 bytes of the folder's counter.
func (it *Item) lastParentID() (string, bool) {
	f := it.lastParent
	if f == nil || it.Folder.active() || !f.Mailbox.org.settings.LastParent {
		return "", false
	}
	counter := binary.BigEndian.AppendUint64(nil, f.number)
	return base64.StdEncoding.EncodeToString(append(f.Mailbox.guid[:len(f.Mailbox.guid):len(f.Mailbox.guid)], counter[2:]...)), true
}

// active reports whether the folder is neither in Deleted Items nor in Recoverable
// Items.
func (f *Folder) active() bool {
	for g := f; g != nil; g = g.Parent {
		switch g.Distinguished {
		case ews.FolderDeletedItems, ews.FolderArchiveDeletedItems, ews.FolderRecoverableItemsRoot, ews.FolderArchiveRecoverableItemsRoot:
			return false
		}
	}
	return true
}
