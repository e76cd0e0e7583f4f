package mailstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// ErrCorrupt reports a stream that Export cannot have written, or that was changed
// afterwards. Anyone who knows this code can write a stream with a correct checksum, so
// everything in a stream is checked.
var ErrCorrupt = errors.New("export stream is corrupt")

// Import creates an item from a stream. It is unchanged, except that its times of creation
// and modification are now.
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
	it.origin = o.exported.of[exportMark{it.properties.Text(TagSearchKey), binary.BigEndian.Uint32(stream[len(stream)-4:])}]
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
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var h head
	if err := d.Decode(&h); err != nil {
		return nil, ErrCorrupt
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, ErrCorrupt
	}
	return h.item(raw)
}

// item makes an item from the head and a message.
func (h *head) item(raw []byte) (*Item, error) {
	content := eml.Parse(raw)
	it := &Item{content: content, attachments: attachments(content), numbered: h.Numbered, Associated: h.Associated, Delivered: h.Delivered}
	if !slices.Equal(it.attachments, h.Attachments) {
		return nil, ErrCorrupt
	}
	var err error
	if it.properties, err = stored(h.Properties); err == nil {
		it.slots, err = restored(content, h.Slots, h.Numbered, MaxNested)
	}
	return it, err
}

// stored returns the properties in a stream.
func stored(all []ews.ExtendedProperty) (Properties, error) {
	p := make(Properties, len(all))
	for _, v := range all {
		key := Key(v.Field)
		if _, twice := p[key]; twice || !storable(v) {
			return nil, ErrCorrupt
		}
		p[key] = v
	}
	for _, f := range []ews.ExtendedField{TagClass, TagFlags, TagSearchKey} { // every item has them
		if _, ok := p[f]; !ok {
			return nil, ErrCorrupt
		}
	}
	return p, nil
}

// storable reports whether an item can have a property.
func storable(v ews.ExtendedProperty) bool {
	f := v.Field
	if Computed(f) && f != TagHasAttachments && f != TagCreated && f != TagModified {
		return false
	}
	return Sound(v)
}

// restored returns the slots in an export, for a message that has at most the given levels
// of items in it. There are slots for all attachments or for none.
func restored(content *eml.Message, all []slotHead, numbered, levels int) ([]slot, error) {
	parts := content.Attachments()
	if len(all) > 0 && (len(all) != len(parts) || levels == 0) || numbered < 0 || numbered > math.MaxInt32 {
		return nil, ErrCorrupt
	}
	slots := make([]slot, 0, len(all))
	next := 0
	for i, h := range all {
		if h.Number < next || h.Number >= max(numbered, len(parts)) || !(h.Made.IsZero() || Keepable(h.Made.UTC())) || h.Properties == nil && (h.Inner != nil || h.Numbered != 0) {
			return nil, ErrCorrupt
		}
		next = h.Number + 1
		s := slot{number: h.Number, made: h.Made}
		if h.Properties != nil {
			var err error
			if s.item, err = h.within(parts[i], levels-1); err != nil {
				return nil, err
			}
		}
		slots = append(slots, s)
	}
	return slots, nil
}

// within returns the item that is attached as a part of a message.
func (h *slotHead) within(part eml.Attachment, levels int) (*Item, error) {
	if !part.Item {
		return nil, ErrCorrupt
	}
	raw, _ := io.ReadAll(part.Open())
	m := eml.Parse(raw)
	it := &Item{content: m, attachments: attachments(m), numbered: h.Numbered}
	var err error
	if it.properties, err = stored(h.Properties); err == nil {
		it.slots, err = restored(m, h.Inner, h.Numbered, levels)
	}
	return it, err
}
