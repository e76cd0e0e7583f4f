package mailstore

import (
	"encoding/base64"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// sameStore reports whether two folders are in the same mailbox or archive, in which case
// a move between them returns a new id.
func sameStore(a, b *Folder) bool { return a.Mailbox == b.Mailbox && a.Archive == b.Archive }

// SameStore reports whether the item is in the same mailbox or archive as a
// folder.
func (it *Item) SameStore(f *Folder) bool { return sameStore(it.Folder, f) }

// MoveTo moves the item. Within a mailbox or archive it remains the same item, with a new
// id and the same change key. Elsewhere it is copied and the original is removed, which
// may leave the original in Recoverable Items; see [Settings].
func (it *Item) MoveTo(f *Folder) *Item {
	if sameStore(it.Folder, f) {
		from, old := it.Folder, it.place()
		it.detach()
		it.attach(f, ByMove)
		it.noteMoved(from, old)
		return it
	}
	moved := it.copy(f.Mailbox.org)
	moved.become(it)
	moved.attach(f, ByMove)
	moved.arrivedAnew(ByMove)
	it.leave()
	return moved
}

// CopyTo copies the item. The copy has the same search key.
func (it *Item) CopyTo(f *Folder) *Item {
	c := it.copy(f.Mailbox.org)
	now := f.Mailbox.org.Now()
	b := builder{}
	b.time(TagCreated, now)
	c.properties = it.Properties().With([]ews.ExtendedProperty{b[TagCreated]})
	c.attach(f, ByClient)
	if it.Folder.Mailbox == f.Mailbox {
		c.noteFrom(Copied, it.Folder, it.place(), Event{})
	} else {
		c.arrivedAnew(ByClient)
	}
	return c
}

// leave removes the original of an item that was moved into another mailbox.
func (it *Item) leave() {
	m := it.Folder.Mailbox
	s := m.org.settings
	if !s.Retention || s.Leftover == "" || it.Associated || it.Folder.Recoverable() {
		it.vanish()
		return
	}
	it.keepIn(s.Leftover, Soft)
}

// vanish removes the item without a trace.
func (it *Item) vanish() {
	f := it.Folder
	it.noteItem(Deleted)
	it.detach()
	f.noteContent()
}

// keepIn moves the item into a folder in the Recoverable Items of its mailbox or archive.
func (it *Item) keepIn(name ews.FolderName, how Removal) {
	if it.Folder.Archive {
		name = "archive" + name
	}
	to, from, old := it.Folder.Mailbox.named[name], it.Folder, it.place()
	it.detach()
	it.attach(to, ByStore)
	it.noteFrom(Moved, from, old, Event{Kept: true, Removal: how})
}

// Removal is how an item is removed.
type Removal int

// Removals.
const (
	Hard Removal = iota
	Soft
	ToDeletedItems
)

// Remove removes the item. Unless suppress is set, removing an unread message
// that asked for a receipt notifies its sender, except from the junk folder or
// into Deleted Items.
func (it *Item) Remove(how Removal, suppress bool) {
	m := it.Folder.Mailbox
	if how == ToDeletedItems && !it.Folder.Recoverable() {
		if trash := it.trash(); trash != nil {
			it.MoveTo(trash)
			return
		}
	}
	if suppress {
		it.settle()
	} else {
		it.tell(FlagUnreadPending, "IPNNRN")
	}
	purges := m.named[ews.FolderRecoverableItemsPurges]
	if it.Folder.Archive {
		purges = m.named[ews.FolderArchiveRecoverableItemsPurges]
	}
	switch {
	case !m.org.settings.Retention, it.Associated:
		it.vanish()
	case it.Folder == purges || it.Folder.Distinguished == nameHolds || it.Folder.Distinguished == nameArchiveHolds:
		// It stays there until retention ends.
	case how == Hard || it.Folder.Recoverable():
		it.keepIn(ews.FolderRecoverableItemsPurges, Hard)
	default:
		it.keepIn(ews.FolderRecoverableItemsDeletions, Soft)
	}
}

func (it *Item) trash() *Folder {
	if it.Folder.Archive {
		return it.Folder.Mailbox.named[ews.FolderArchiveDeletedItems]
	}
	return it.Folder.Mailbox.named[ews.FolderDeletedItems]
}

// keepVersion puts a copy of the item into Versions, as single item recovery does before
// an essential property changes.
func (it *Item) keepVersion() {
	m := it.Folder.Mailbox
	if !m.org.settings.Retention || it.Folder.Recoverable() || it.Associated || it.Draft() {
		return
	}
	name := ews.FolderRecoverableItemsVersions
	if it.Folder.Archive {
		name = ews.FolderArchiveRecoverableItemsVersions
	}
	old := it.copy(m.org)
	b := builder{}
	b.text(TagSearchKey, base64.StdEncoding.EncodeToString(m.org.Random(16)))
	old.properties = it.Properties().With([]ews.ExtendedProperty{b[TagSearchKey]})
	old.attach(m.named[name], ByStore)
}
