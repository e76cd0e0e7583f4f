package mailstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// The stream of ExportItems: magic with version, length and JSON of the head,
// the bytes of the message, and a checksum of everything before it.
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

// ErrCorrupt reports a stream that Export did not write, or that was changed
// afterwards.
var ErrCorrupt = errors.New("export stream is corrupt")

// Export returns the item as a stream that keeps everything, in pieces.
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
	it.Folder.Mailbox.org.exported[exportMark{it.Properties().Text(TagSearchKey), sum}] = it.object
	return [][]byte{first, raw, binary.BigEndian.AppendUint32(nil, sum)}
}

// Import creates an item from a stream, unchanged except that its times of
// creation and modification are now.
func (f *Folder) Import(stream []byte, associated bool) (*Item, error) {
	it, err := decodeExport(stream)
	if err != nil {
		return nil, err
	}
	if associated {
		it.Associated = true
	}
	o := f.Mailbox.org
	now := builder{}
	now.time(TagCreated, o.Now())
	now.time(TagModified, o.Now())
	it.properties = it.properties.With([]ews.ExtendedProperty{now[TagCreated], now[TagModified]})
	it.change = o.nextChange()
	it.origin = o.exported[exportMark{it.properties.Text(TagSearchKey), binary.BigEndian.Uint32(stream[len(stream)-4:])}]
	it.attach(f, ByClient)
	it.arrivedAnew(ByClient)
	return it, nil
}

func decodeExport(stream []byte) (*Item, error) {
	fixed := len(exportMagic) + 8
	if len(stream) < fixed+4 || !bytes.HasPrefix(stream, []byte(exportMagic)) {
		return nil, ErrCorrupt
	}
	body, sum := stream[:len(stream)-4], binary.BigEndian.Uint32(stream[len(stream)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return nil, ErrCorrupt
	}
	size := binary.BigEndian.Uint64(body[len(exportMagic):])
	if size > uint64(len(body)-fixed) {
		return nil, ErrCorrupt
	}
	data, raw := body[fixed:fixed+int(size)], body[fixed+int(size):]
	var h head
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, ErrCorrupt
	}
	if !soundAll(h.Properties) || !soundSlots(h.Slots, h.Numbered) {
		return nil, ErrCorrupt
	}
	content := eml.Parse(raw)
	it := &Item{content: content, attachments: h.Attachments, slots: restored(content, h.Slots), numbered: h.Numbered, Associated: h.Associated, Delivered: h.Delivered, properties: make(Properties)}
	for _, v := range h.Properties {
		it.properties[Key(v.Field)] = v
	}
	return it, nil
}

// Delete removes the item for good, without a trace or notice.
func (it *Item) Delete() { it.vanish() }

// TakePlaceOf removes an old item of the same mailbox and gives its id to the
// item, which is that object from then on.
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
