package mailstore

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Update sets and removes properties. Marking a message that asked for a receipt
// as read notifies its sender, unless suppress is set.
func (it *Item) Update(set []ews.ExtendedProperty, remove []ews.ExtendedField, suppress bool) {
	wasRead := it.Read()
	it.alter(set, remove)
	for _, v := range set {
		if essential[Key(v.Field)] {
			it.keepVersion()
			break
		}
	}
	b := builder{}
	b.time(TagModified, it.Folder.Mailbox.org.Now())
	edited, onlyRead := it.edited, it.onlyRead(set, remove)
	it.replace(it.Properties().With(append(set[:len(set):len(set)], b[TagModified]), remove...))
	if onlyRead {
		it.edited = edited
	}
	if it.Read() && !wasRead {
		if suppress {
			it.settle()
		} else {
			it.tell(FlagReadPending, "IPNRN")
		}
	}
}

// onlyRead reports whether an update changes the read state and nothing else.
func (it *Item) onlyRead(set []ews.ExtendedProperty, remove []ews.ExtendedField) bool {
	if len(set) != 1 || len(remove) > 0 || Key(set[0].Field) != TagFlags {
		return false
	}
	flags, err := strconv.ParseInt(set[0].Value, 10, 64)
	return err == nil && flags^it.flags() == FlagRead
}

// essential are the properties whose old values single item recovery keeps.
var essential = map[ews.ExtendedField]bool{
	TagSubject: true, TagBody: true, TagDeliveryTime: true, TagSubmitTime: true,
	TagSenderName: true, TagSenderAddress: true, TagFromName: true, TagFromAddress: true,
}
