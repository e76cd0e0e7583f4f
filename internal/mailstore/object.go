package mailstore

import (
	"crypto/sha256"
	"encoding/binary"
)

// Object returns the number that the item has for as long as it exists, wherever it
// is moved, also into another mailbox. Nothing on the wire contains it.
func (it *Item) Object() uint64 { return it.object }

// Origin returns the object that the item is a copy of, 0 if it is none or that is
// not known.
func (it *Item) Origin() uint64 { return it.origin }

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

// exportMarks are the objects of streams.
type exportMarks struct {
	of    map[exportMark]uint64
	order []exportMark // the oldest first, if there is a limit
	most  int          // 0: all
}

// add makes a stream known as one of an object.
func (m *exportMarks) add(mark exportMark, object uint64) {
	_, known := m.of[mark]
	m.of[mark] = object
	if m.most <= 0 || known {
		return
	}
	if m.order = append(m.order, mark); len(m.order) > m.most {
		delete(m.of, m.order[0])
		m.order = m.order[1:]
	}
}

// mark returns bytes that no other item of the organisation has. They tell nothing
// about the object.
func (it *Item) mark() []byte {
	guid := it.Folder.Mailbox.guid
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(guid[:], it.object))
	return sum[:8]
}
