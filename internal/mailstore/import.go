package mailstore

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// ErrCorrupt reports a stream that Export cannot have written, or that was changed
// afterwards. Whoever knows the code can write one with a right checksum, so all that is
// in it is looked at.
var ErrCorrupt = errors.New("export stream is corrupt")

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

// item returns the item of a head and a message.
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

// stored returns the properties of a stream.
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

// storable reports whether a property can be among those of an item.
func storable(v ews.ExtendedProperty) bool {
	f := v.Field
	if !named(f) || Computed(f) && f != TagHasAttachments && f != TagCreated && f != TagModified {
		return false
	}
	kind, array := strings.CutSuffix(string(f.Type), "Array")
	check, known := wellFormed[ews.PropertyType(kind)]
	if array {
		return known && v.Value == "" // of values in it, anything is kept
	}
	return known && v.Values == nil && check(v.Value)
}

// named reports whether a field names a property in one way.
func named(f ews.ExtendedField) bool {
	if f.Tag != 0 {
		return f.Tag < 0x8000 && f.Set == "" && f.GUID == "" && f.Name == "" && f.ID == 0
	}
	if f.GUID != "" {
		b, err := hex.DecodeString(strings.ReplaceAll(f.GUID, "-", ""))
		return err == nil && len(b) == 16 && len(f.GUID) == 36 && f.Set == "" && (f.Name == "" || f.ID == 0)
	}
	return propertySets[f.Set] && (f.Name == "" || f.ID == 0)
}

// propertySets are the distinguished property sets of the protocol.
var propertySets = map[ews.PropertySet]bool{
	ews.SetCommon: true, ews.SetPublicStrings: true, ews.SetInternetHeaders: true, ews.SetAddress: true, ews.SetAppointment: true,
	ews.SetMeeting: true, ews.SetTask: true, ews.SetSharing: true, "CalendarAssistant": true, "UnifiedMessaging": true,
}

// wellFormed tells of the text of a value whether it can be one of its type.
var wellFormed = map[ews.PropertyType]func(string) bool{
	ews.TypeShort: whole(16), ews.TypeInteger: whole(32), ews.TypeLong: whole(64),
	ews.TypeDouble: fractional, "Float": fractional, "Currency": fractional, "ApplicationTime": fractional,
	ews.TypeBoolean:    func(s string) bool { return s == "true" || s == "false" },
	ews.TypeSystemTime: func(s string) bool { _, err := ParseTime(s); return err == nil },
	ews.TypeBinary:     func(s string) bool { _, err := base64.StdEncoding.DecodeString(s); return err == nil },
	ews.TypeString:     func(string) bool { return true },
	"CLSID":            func(string) bool { return true },
}

func whole(bits int) func(string) bool {
	return func(s string) bool { _, err := strconv.ParseInt(s, 10, bits); return err == nil }
}

func fractional(s string) bool { _, err := strconv.ParseFloat(s, 64); return err == nil }

// restored returns the slots of an export, for a message with at most so many levels of
// items in it. Slots are for all attachments or for none.
func restored(content *eml.Message, all []slotHead, numbered, levels int) ([]slot, error) {
	parts := content.Attachments()
	if len(all) > 0 && (len(all) != len(parts) || levels == 0) || numbered < 0 || numbered > math.MaxInt32 {
		return nil, ErrCorrupt
	}
	slots := make([]slot, 0, len(all))
	next := 0
	for i, h := range all {
		if h.Number < next || h.Number >= max(numbered, len(parts)) || !(h.Made.IsZero() || dated(h.Made)) || h.Properties == nil && (h.Inner != nil || h.Numbered != 0) {
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

// dated reports whether a time can be told in the protocol, whose years have four digits.
func dated(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}
