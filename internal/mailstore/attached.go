package mailstore

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// slot has what cannot be derived from an item's content about one of its attachments. An
// item has slots for all of its attachments, in their order, or for none. They are never
// modified, only replaced.
type slot struct {
	number int       // part of the attachment's id, never reused
	made   time.Time // zero: at the same time as the item
	item   *Item     // in no folder; nil for a file, and for a message that has only its MIME
}

// MaxNested is how many levels of attached items a client can make.
const MaxNested = 10

// Attached is an attachment of an item.
type Attached struct {
	eml.Attachment
	Number int // identifies the attachment in its item
	Made   time.Time
	of     *Item
	slot   slot
}

// Attached returns the attachments in order.
func (it *Item) Attached() []Attached {
	content := it.Content().Attachments()
	all := make([]Attached, len(content))
	for i, a := range content {
		all[i] = Attached{Attachment: a, Number: i, Made: it.Properties().Time(TagCreated), of: it}
		if i < len(it.slots) {
			s := it.slots[i]
			all[i].Number, all[i].slot = s.number, s
			if !s.made.IsZero() {
				all[i].Made = s.made
			}
		}
	}
	return all
}

// Within returns the attachment at the end of a path of numbers: of an attachment, of one
// of its attachments, and so on. It reports false if no attachment has the path.
func (it *Item) Within(path []int) (Attached, bool) {
	if len(path) == 0 {
		return Attached{}, false
	}
	all := it.Attached()
	i := slices.IndexFunc(all, func(a Attached) bool { return a.Number == path[0] })
	switch {
	case i < 0:
		return Attached{}, false
	case len(path) == 1:
		return all[i], true
	case !all[i].Item:
		return Attached{}, false
	}
	return all[i].Inner().Within(path[1:])
}

// Inner returns the attached item. It is in no folder, and must not be changed.
func (a Attached) Inner() *Item {
	if a.slot.item != nil {
		return a.slot.item
	}
	raw, _ := io.ReadAll(a.Open()) // from memory; it ends where it cannot be decoded
	sent, ok := eml.Parse(raw).Date()
	if !ok {
		sent = a.Made
	}
	return inner(New{MIME: raw, Delivered: true, Read: true, Received: sent}, a.Made)
}

// inner returns an item to attach.
func inner(n New, now time.Time) *Item {
	sum := sha256.Sum256(n.MIME)
	it := &Item{Delivered: n.Delivered, seed: &seed{New: n, now: now, searchKey: base64.StdEncoding.EncodeToString(sum[:16])}}
	it.grown()
	if !n.Delivered {
		given := func(f ews.ExtendedField) bool {
			return slices.ContainsFunc(n.Properties, func(p ews.ExtendedProperty) bool { return Key(p.Field) == f })
		}
		for _, f := range []ews.ExtendedField{TagDeliveryTime, TagSubmitTime} {
			if !given(f) {
				it.properties = it.properties.With(nil, f) // it was neither sent nor received
			}
		}
	}
	return it
}

// Compose returns an item to be attached to others, in no folder.
func (o *Organisation) Compose(n New) *Item { return inner(n, o.Now()) }

// Deeper reports whether the item has more than the given levels of attached items.
func (it *Item) Deeper(levels int) bool {
	return slices.ContainsFunc(it.Attached(), func(a Attached) bool {
		return a.Item && (levels == 0 || a.Inner().Deeper(levels-1))
	})
}

// revision is a changed message with its attachments.
type revision struct {
	raw      []byte
	slots    []slot
	numbered int
}

// kept returns the slots of all attachments.
func (it *Item) kept() []slot {
	all := make([]slot, 0, len(it.Attachments())+1)
	for _, a := range it.Attached() {
		s := a.slot
		s.number = a.Number
		all = append(all, s)
	}
	return all
}

// next returns a number that no attachment of the item has had.
func (it *Item) next() int {
	n := it.numbered
	if all := it.Attached(); len(all) > 0 {
		n = max(n, all[len(all)-1].Number+1)
	}
	return n
}

// renumber assigns numbers to the attachments that the item is about to have. The first
// own of these keep their numbers.
func (it *Item) renumber(count, own int) {
	next, slots := it.next(), it.kept()[:own]
	for len(slots) < count {
		slots, next = append(slots, slot{number: next}), next+1
	}
	it.slots, it.numbered = slots, next
}

// AttachedItems returns the attached items, as [New] of a copy needs them: nil for a file.
func (it *Item) AttachedItems() []*Item {
	if len(it.slots) == 0 {
		return nil
	}
	var all []*Item
	for _, s := range it.kept() {
		all = append(all, s.item)
	}
	return all
}

// Attach attaches a file, or an item that Compose returned, to the item or, with a path,
// to one of its attachments, which must be an item. It returns the number of the new
// attachment, and reports false if the message cannot have another one.
func (it *Item) Attach(path []int, f eml.File, item *Item) (number int, ok bool) {
	now := it.Folder.Mailbox.org.Now()
	r, ok := it.revised(path, func(in *Item) (revision, bool) {
		raw, ok := in.Content().Attach(f)
		if !ok {
			return revision{}, false
		}
		number = in.next()
		return revision{raw, append(in.kept(), slot{number, now, item}), number + 1}, true
	})
	if ok {
		it.revise(r)
	}
	return number, ok
}

// Detach deletes the attachment at the end of a path. It reports false if the message is
// S/MIME.
func (it *Item) Detach(path []int) bool {
	last := len(path) - 1
	r, ok := it.revised(path[:last], func(in *Item) (revision, bool) {
		n := slices.IndexFunc(in.Attached(), func(a Attached) bool { return a.Number == path[last] })
		raw, ok := in.Content().Detach(n)
		if !ok {
			return revision{}, false
		}
		return revision{raw, slices.Delete(in.kept(), n, n+1), in.next()}, true
	})
	if ok {
		it.revise(r)
	}
	return ok
}

// revised returns the item as it will be after a change to the item attached at the end
// of a path.
func (it *Item) revised(path []int, change func(*Item) (revision, bool)) (revision, bool) {
	if len(path) == 0 {
		return change(it)
	}
	all := it.Attached()
	i := slices.IndexFunc(all, func(a Attached) bool { return a.Number == path[0] })
	in := all[i].Inner()
	r, ok := in.revised(path[1:], change)
	if !ok {
		return revision{}, false
	}
	next := *in
	next.content, next.slots, next.numbered, next.size = eml.Parse(r.raw), r.slots, r.numbered, 0
	next.attachments = attachments(next.content)
	next.properties = next.properties.With(attachmentProperties(next.properties, next.attachments))
	slots := it.kept()
	slots[i].item = &next
	return revision{it.Content().Replace(i, r.raw), slots, it.next()}, true
}

// revise makes a revision the content of an item in a folder.
func (it *Item) revise(r revision) {
	it.Rewrite(r.raw)
	it.slots, it.numbered = r.slots, r.numbered
	it.Update(nil, nil, true)
}

// attachmentProperties returns the properties that show whether there are attachments.
func attachmentProperties(p Properties, all []ews.Attachment) []ews.ExtendedProperty {
	b := builder{}
	b.bool(TagHasAttachments, hasVisible(all))
	flags := p.Int(TagFlags) &^ FlagHasAttachment
	if hasVisible(all) {
		flags |= FlagHasAttachment
	}
	b.int(TagFlags, flags)
	return []ews.ExtendedProperty{b[TagHasAttachments], b[TagFlags]}
}

// slotHead is the part of an export that describes an attachment.
type slotHead struct {
	Number     int
	Made       time.Time
	Properties []ews.ExtendedProperty // of an item; nil: it has only its MIME
	Inner      []slotHead
	Numbered   int
}

// heads returns the slots in the form of an export.
func heads(slots []slot) []slotHead {
	var all []slotHead
	for _, s := range slots {
		h := slotHead{Number: s.number, Made: s.made}
		if s.item != nil {
			for _, k := range s.item.properties.Keys() {
				h.Properties = append(h.Properties, s.item.properties[k])
			}
			h.Inner, h.Numbered = heads(s.item.slots), s.item.numbered
		}
		all = append(all, h)
	}
	return all
}
