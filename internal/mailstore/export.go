package mailstore

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// exportMagic begins the stream of ExportItems and includes its version. The length and the
// JSON of the head follow, then the bytes of the message, and a checksum of all of these.
const exportMagic = "EWSTEST\x01"

// head is the part of the stream other than the message.
type head struct {
	Properties  []ews.ExtendedProperty
	Attachments []ews.Attachment
	Slots       []slotHead `json:",omitempty"`
	Numbered    int        `json:",omitempty"`
	Associated  bool
	Delivered   bool
	Store       []byte // differs between items that are otherwise equal
}

// Export returns the item as a stream that keeps everything. The stream is in pieces.
func (it *Item) Export() [][]byte {
	h := head{Attachments: it.Attachments(), Slots: heads(it.slots), Numbered: it.numbered, Associated: it.Associated, Delivered: it.Delivered, Store: it.mark()}
	for _, k := range it.Properties().Keys() {
		h.Properties = append(h.Properties, it.Properties()[k])
	}
	data, err := json.Marshal(h)
	if err != nil {
		panic("ewstest: export: " + err.Error()) // strings and numbers only
	}
	first := append([]byte(exportMagic), make([]byte, 8)...)
	binary.BigEndian.PutUint64(first[len(exportMagic):], uint64(len(data)))
	first = append(first, data...)
	raw := it.Content().Raw()
	sum := crc32.Update(crc32.ChecksumIEEE(first), crc32.IEEETable, raw)
	it.Folder.Mailbox.org.exported.add(exportMark{it.Properties().Text(TagSearchKey), sum}, it.object)
	return [][]byte{first, raw, binary.BigEndian.AppendUint32(nil, sum)}
}

// Delete permanently removes the item, without a trace or notice.
func (it *Item) Delete() { it.vanish() }

// TakePlaceOf removes an old item of the same mailbox. The item gets its id, and is the
// same object from then on.
func (it *Item) TakePlaceOf(old *Item) {
	m, place, from, since := it.Folder.Mailbox, old.place(), old.Folder, old.Since()
	m.retract(it.number)
	old.detach()
	delete(m.items, it.number)
	delete(m.org.objects, it.object)
	it.object = old.object
	it.identify(m.org)
	it.number, it.View = place.number, nil
	m.items[place.number] = it
	if it.Folder != from {
		it.noteMoved(from, place)
		return
	}
	it.since, it.edited = since, it.change
	if d := m.departures; d != nil {
		d.kept = d.kept[:len(d.kept)-1]
	}
	it.noteItem(Modified)
	from.noteContent()
}
