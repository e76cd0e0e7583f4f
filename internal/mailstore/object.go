package mailstore

import (
	"crypto/sha256"
	"encoding/binary"
)

// Object returns a number that identifies the item for as long as it exists, wherever it
// is moved, even into another mailbox. Nothing on the wire contains it.
func (it *Item) Object() uint64 { return it.object }

// Origin returns the object that the item is a copy of, or 0 if it is not a copy or its
// origin is not known.
func (it *Item) Origin() uint64 { return it.origin }

// Object returns the item that is the object now, or nil if it is gone.
func (o *Organisation) Object(number uint64) *Item { return o.objects[number] }

func (o *Organisation) nextObject() uint64 {
	o.objectsMade++
	return o.objectsMade
}

// identify gives the item an object number unless it has one, and registers it.
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

// become makes a new item, not yet in a folder, the object that an old item was, and the
// old item a copy of it, as when an item moves into another mailbox and its original stays
// behind.
func (it *Item) become(old *Item) {
	it.object, it.origin = old.object, old.origin
	old.object, old.origin = old.Folder.Mailbox.org.nextObject(), it.object
}

// exportMark identifies a stream of ExportItems.
type exportMark struct {
	searchKey string
	sum       uint32
}

// exportMarks has the objects of streams.
type exportMarks struct {
	of    map[exportMark]uint64
	order []exportMark // oldest first, if there is a limit
	most  int          // 0: no limit
}

// add records the object of a stream.
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

// mark returns bytes that no other item of the organisation has. They reveal nothing about
// the object.
func (it *Item) mark() []byte {
	guid := it.Folder.Mailbox.guid
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(guid[:], it.object))
	return sum[:8]
}
