package mailstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Arrival is how an item came into a folder.
type Arrival int

// Arrivals.
const (
	ByTransport Arrival = iota // delivered
	ByClient                   // created, uploaded or copied
	ByMove                     // from another folder
	ByStore                    // kept in Recoverable Items
)

// Object returns the number that the item has for as long as it exists, wherever it
// is moved, also into another mailbox. Nothing on the wire contains it.
func (it *Item) Object() uint64 { return it.object }

// Origin returns the object that the item is a copy of, 0 if it is none or that is
// not known.
func (it *Item) Origin() uint64 { return it.origin }

// LastParent returns the last folder of the item outside Deleted Items and
// Recoverable Items, nil if there was none or it was deleted.
func (it *Item) LastParent() *Folder {
	if f := it.lastParent; f != nil && !f.deleted && f.active() {
		return f
	}
	return nil
}

// Object returns the item that is an object now, nil if it is gone.
func (o *Organisation) Object(number uint64) *Item { return o.objects[number] }

func (o *Organisation) nextObject() uint64 {
	o.objectsMade++
	return o.objectsMade
}

// identify gives the item a number of its own unless it has one, and makes it
// known by that.
func (it *Item) identify(o *Organisation) {
	if it.object == 0 {
		it.object = o.nextObject()
	}
	o.objects[it.object] = it
}

// forget undoes identify for an item that leaves its folder.
func (it *Item) forget() {
	if o := it.Folder.Mailbox.org; o.objects[it.object] == it {
		delete(o.objects, it.object)
	}
	if it.Folder.active() {
		it.lastParent = it.Folder
	}
}

// become makes a new item, not yet in a folder, the object that another one was,
// which becomes a copy of it: as when an item moves into another mailbox and its
// original stays behind.
func (it *Item) become(old *Item) {
	it.object, it.origin = old.object, old.origin
	old.object, old.origin = old.Folder.Mailbox.org.nextObject(), it.object
}

// exportMark tells a stream of ExportItems from others.
type exportMark struct {
	searchKey string
	sum       uint32
}

// mark returns bytes that no other item of the organisation has. They tell nothing
// about the object.
func (it *Item) mark() []byte {
	guid := it.Folder.Mailbox.guid
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(guid[:], it.object))
	return sum[:8]
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

// InArchive returns the folder at the same path in the online archive, which it
// creates if it does not exist; nil if there is no archive, or if the folder is not
// below the top of the information store.
func (f *Folder) InArchive() *Folder {
	m := f.Mailbox
	to := m.named[ews.FolderArchiveMsgFolderRoot]
	top := m.named[ews.FolderMsgFolderRoot]
	if to == nil || !f.Below(top) {
		return nil
	}
	var path []*Folder
	for g := f; g != top; g = g.Parent {
		path = append([]*Folder{g}, path...)
	}
	for _, g := range path {
		child := to.Child(g.Name)
		if child == nil {
			child = to.Add(g.Name, g.Class)
		}
		to = child
	}
	return to
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
