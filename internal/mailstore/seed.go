package mailstore

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// seed is what a delivered item is made of. The item itself is made when it is
// looked at: until then it takes a tenth of the room and time, so that a folder
// can hold a hundred thousand of which a search returns a few.
type seed struct {
	New
	now       time.Time
	searchKey string
	brief     *brief // made by the first search
}

// waits reports whether the item need not be made yet: nothing that was given
// with it changes what a search asks for.
func (n *seed) waits() bool { return n.Delivered && !n.Associated && len(n.Properties) == 0 }

// grown makes the item if it was not yet.
func (it *Item) grown() *Item {
	if s := it.seed; s != nil {
		it.seed = nil
		s.grow(it)
	}
	return it
}

// brief is what searches ask for of a message.
type brief struct {
	subject, messageID string
	from, sender       eml.Address
}

// property returns a property of the item to be, if it is one that searches ask
// for: known says so.
func (n *seed) property(key ews.ExtendedField) (v ews.ExtendedProperty, ok, known bool) {
	v.Field = key
	if key == TagDeliveryTime {
		v.Value = ews.FormatTime(n.Received)
		return v, true, true
	}
	if key.GUID != "" {
		return v, false, true // one's own, which nothing delivered has
	}
	if n.brief == nil {
		m := eml.Parse(n.MIME)
		n.brief = &brief{subject: m.Header("Subject"), messageID: m.Header("Message-ID")}
		n.brief.from, n.brief.sender = people(m)
	}
	switch key {
	case TagSubject:
		v.Value = n.brief.subject
		return v, true, true
	case TagMessageID:
		v.Value = n.brief.messageID
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
