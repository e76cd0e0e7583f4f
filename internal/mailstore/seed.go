package mailstore

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// seed is what a delivered item is made from. The item is filled in when it is first
// needed. Until then it takes a tenth of the memory and time, so a folder can hold a
// hundred thousand items of which a search returns a few.
type seed struct {
	New
	now       time.Time
	searchKey string
	brief     *brief // made by the first search
	delivered string // Received as text, made by the first search
}

// waits reports whether filling in the item can wait, because nothing given with it affects
// searches.
func (n *seed) waits() bool { return n.Delivered && !n.Associated && len(n.Properties) == 0 }

// slots returns the slots of a new item with count attachments.
func (n *seed) slots(count int) []slot {
	if len(n.Attached) == 0 || len(n.Attached) > count {
		return nil
	}
	slots := make([]slot, count)
	for i := range slots {
		slots[i].number = i
	}
	for i, in := range n.Attached {
		slots[count-len(n.Attached)+i].item = in
	}
	return slots
}

// grown fills in the item if that has not been done yet, and returns it.
func (it *Item) grown() *Item {
	if s := it.seed; s != nil {
		it.seed = nil
		s.grow(it)
	}
	return it
}

// brief is the part of a message that searches ask for.
type brief struct {
	subject, messageID, header string
	from, sender               eml.Address
}

// property returns a property of the future item. Known is false if only the
// complete item can tell.
func (n *seed) property(key ews.ExtendedField) (v ews.ExtendedProperty, ok, known bool) {
	v.Field = key
	if key == TagDeliveryTime {
		if n.delivered == "" {
			n.delivered = ews.FormatTime(n.Received)
		}
		v.Value = n.delivered
		return v, true, true
	}
	if key.Set == ews.SetInternetHeaders {
		return v, false, false
	}
	if key.GUID != "" || key.Set != "" {
		return v, false, true // delivered items have no named properties
	}
	if n.brief == nil {
		m := eml.Parse(n.MIME)
		n.brief = &brief{subject: m.Header("Subject"), messageID: m.Header("Message-ID"), header: m.HeaderText()}
		n.brief.from, n.brief.sender = people(m)
	}
	switch key {
	case TagSubject:
		v.Value = n.brief.subject
		return v, true, true
	case TagMessageID:
		v.Value = n.brief.messageID
	case TagHeaders:
		v.Value = n.brief.header
		return v, true, true
	case TagFromType:
		v.Value = addressType(n.brief.from)
	case TagFromAddress, TagFromSMTP:
		v.Value = n.brief.from.Email
	case TagSenderType:
		v.Value = addressType(n.brief.sender)
	case TagSenderAddress, TagSenderSMTP:
		v.Value = n.brief.sender.Email
	default:
		return v, false, false
	}
	return v, v.Value != "", true
}
