package mailstore

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// Item is an item in a folder. When it is moved, it stays the same Item but gets another
// number, so its old id becomes invalid.
type Item struct {
	Folder     *Folder // nil once the item is gone
	Associated bool    // folder associated information
	Delivered  bool    // by transport, not created by a client
	Creator    string  // the account that created it; empty if it was delivered
	Editor     string  // the account that changed it last; empty if nobody has

	// View may cache something derived from the item; any change clears it.
	View any

	number     uint64
	arrival    uint64 // orders the items of a folder
	arrived    time.Time
	change     uint64
	edited     uint64 // the last change of more than the read state
	since      uint64 // see Since
	size       int64
	object     uint64
	origin     uint64 // object that it is a copy of
	lastParent *Folder
	altered    bool // more than its read state has changed

	seed        *seed // nil once the fields below are set
	properties  Properties
	content     *eml.Message
	attachments []ews.Attachment
	slots       []slot // of the attachments; none: as in a new item
	numbered    int    // how many attachment numbers were assigned, if more than there are attachments
}

// Properties returns all stored properties. They must not be modified.
func (it *Item) Properties() Properties { return it.grown().properties }

// Content returns the message that the item was made from.
func (it *Item) Content() *eml.Message { return it.grown().content }

// Attachments returns the attachments of the message.
func (it *Item) Attachments() []ews.Attachment { return it.grown().attachments }

// ID returns the id of the item where it is now.
func (it *Item) ID() ID {
	return ID{Mailbox: it.Folder.Mailbox.guid, Kind: KindItem, Number: it.number}
}

// ChangeKey returns the change key.
func (it *Item) ChangeKey() string { return FormatChange(KindItem, it.change) }

// Change returns the change number in the change key.
func (it *Item) Change() uint64 { return it.change }

// Read reports whether the item is marked as read.
func (it *Item) Read() bool {
	if it.seed != nil {
		return it.seed.Read
	}
	return it.flags()&FlagRead != 0
}

// Draft reports whether the item has never been sent.
func (it *Item) Draft() bool { return it.flags()&FlagUnsent != 0 }

// Class returns the item class.
func (it *Item) Class() string { return it.Properties().Text(TagClass) }

func (it *Item) flags() int64 { return it.Properties().Int(TagFlags) }

// Arrived returns when the item came into its folder.
func (it *Item) Arrived() time.Time { return it.arrived }

// Size returns the size of the item in the store, in bytes.
func (it *Item) Size() int64 {
	if it.size == 0 {
		it.size = int64(len(it.Content().Raw())) + it.Properties().size() + 256
	}
	return it.size
}

// Kind returns the element that EWS uses for the item.
func (it *Item) Kind() string {
	kind := KindOf(it.Class())
	if it.Associated && kind == "Message" {
		return "Item"
	}
	return kind
}

// KindOf returns the element that EWS uses for items of an item class.
func KindOf(class string) string {
	class = strings.ToUpper(class)
	for _, k := range kinds {
		if class == k.class || strings.HasPrefix(class, k.class+".") {
			return k.kind
		}
	}
	if !strings.HasPrefix(class, "IPM") && !strings.HasPrefix(class, "REPORT") {
		return "Item"
	}
	return "Message"
}

var kinds = []struct{ class, kind string }{
	{"IPM.APPOINTMENT", "CalendarItem"},
	{"IPM.CONTACT", "Contact"},
	{"IPM.DISTLIST", "DistributionList"},
	{"IPM.TASK", "Task"},
	{"IPM.POST", "PostItem"},
	{"IPM.SCHEDULE.MEETING.REQUEST", "MeetingRequest"},
	{"IPM.SCHEDULE.MEETING.CANCELED", "MeetingCancellation"},
	{"IPM.SCHEDULE.MEETING.RESP", "MeetingResponse"},
	{"IPM.SCHEDULE.MEETING", "MeetingMessage"},
	{"IPM.STICKYNOTE", "Item"},
	{"IPM.ACTIVITY", "Item"},
	{"IPM.CONFIGURATION", "Item"},
}

// Property returns a property by its normalised name, whether stored or computed.
func (it *Item) Property(key ews.ExtendedField) (ews.ExtendedProperty, bool) {
	if key == TagDeliveryTime && it.Folder != nil && it.Folder.Mailbox.org.settings.Undated {
		return ews.ExtendedProperty{Field: key}, false
	}
	if key == TagArticleNumber {
		return it.placed(key)
	}
	if it.seed != nil {
		if v, ok, known := it.seed.property(key); known {
			return v, ok
		}
	}
	if v, ok := it.Properties()[key]; ok {
		return v, true
	}
	v := ews.ExtendedProperty{Field: key}
	if key.Set == ews.SetInternetHeaders {
		return it.header(key)
	}
	b := builder{}
	switch key {
	case TagSize:
		b.int(key, it.Size())
	case TagEntryID, TagParentEntryID, TagLastParent:
		return it.placed(key)
	case TagConversationIndex:
		b.text(key, it.conversationIndex())
	case TagBody:
		text, _ := it.Content().Body()
		b.text(key, text)
	default:
		return v, false
	}
	return b[key], true
}

// placed returns a property that tells where the item is or was. An attached item, or one
// that is not saved yet, has none.
func (it *Item) placed(key ews.ExtendedField) (ews.ExtendedProperty, bool) {
	if it.Folder == nil {
		return ews.ExtendedProperty{Field: key}, false
	}
	b, known := builder{}, true
	switch key {
	case TagArticleNumber:
		b.int(key, int64(it.arrival)) // no other item of the folder has or has had it
	case TagEntryID:
		b.text(key, base64.StdEncoding.EncodeToString(it.ID().Bytes()))
	case TagParentEntryID:
		b.text(key, base64.StdEncoding.EncodeToString(it.Folder.ID().Bytes()))
	case TagLastParent:
		var id string
		id, known = it.lastParentID()
		b.text(key, id)
	}
	return b[key], known
}

// Computed reports whether a property cannot be set, because it is computed or
// belongs to the store.
func Computed(key ews.ExtendedField) bool {
	switch key {
	case TagSize, TagEntryID, TagParentEntryID, TagLastParent, TagHasAttachments, TagCreated, TagModified, TagArticleNumber:
		return true
	}
	return false
}

func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == ':' || r >= 0x7F })
}

// MIME returns the item as newly generated MIME, as a client gets it. The MIME is in pieces.
func (it *Item) MIME() [][]byte {
	r := it.rendering()
	if it.Folder == nil {
		return it.Content().Render(r) // it is not in a mailbox yet
	}
	if r.Changes = it.Folder.Mailbox.org.settings.Anew; r.Changes.Recode {
		r.Key = append(r.Key, it.ID().String()...)
	}
	return it.Content().Render(r)
}

// Outgoing returns the item as MIME that keeps everything, for sending.
func (it *Item) Outgoing() [][]byte { return it.Content().Render(it.rendering()) }

// Headers returns the internet headers that a client sees: those of the message and those
// set as properties.
func (it *Item) Headers() []eml.Field {
	fields := it.Content().Fields()
	return append(fields, it.ownHeaders()...)
}

// attach puts the item into a folder, under a new number.
func (it *Item) attach(f *Folder, by Arrival) {
	m := f.Mailbox
	it.Folder = f
	it.number = m.number()
	it.arrival, it.since = it.number, 0
	it.arrived = m.org.settings.Now()
	it.View = nil
	m.items[it.number] = it
	f.items.add(it)
	it.enter()
	it.identify(m.org)
	if arrived := m.org.settings.Arrived; arrived != nil {
		arrived(it, by)
	}
}

func (it *Item) detach() {
	f := it.Folder
	if leave := f.Mailbox.org.settings.Leave; leave != nil {
		leave(it)
	}
	it.withdraw()
	it.forget()
	it.depart()
	f.items.remove(it)
	if f.items.count == 0 {
		f.index = nil
	}
	delete(f.Mailbox.items, it.number)
	it.Folder, it.View = nil, nil
}

// replace replaces the properties of the item and gives it a new change key.
func (it *Item) replace(p Properties) {
	unread := it.Folder.unread
	it.set(p)
	it.changed(unread)
}

// changed gives the item a new change key. The argument is the number of unread items in
// its folder before the change.
func (it *Item) changed(unread int) {
	it.change = it.Folder.Mailbox.org.nextChange()
	it.edited = it.change
	it.noteItem(Modified)
	if it.Folder.unread != unread {
		it.Folder.noteContent()
	}
}

// set replaces the properties of an item in a folder. Nothing else may replace them.
func (it *Item) set(p Properties) {
	it.grown()
	it.withdraw()
	it.properties, it.size, it.View = p, 0, nil
	it.enter()
}

// copy returns another item with the same content, not yet in a folder.
func (it *Item) copy(o *Organisation) *Item {
	c := *it.grown()
	c.Folder, c.View, c.change = nil, nil, o.nextChange()
	c.object, c.origin, c.lastParent = 0, it.object, nil
	return &c
}
