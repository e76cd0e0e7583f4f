package mailstore

import "github.com/ewsquarantine/ewsquarantine/ews"

// Update sets and removes properties. Marking as read a message that asked for
// a receipt tells its sender, unless suppressed.
func (it *Item) Update(set []ews.ExtendedProperty, remove []ews.ExtendedField, suppress bool) {
	wasRead := it.Read()
	for _, v := range set {
		if essential[Key(v.Field)] {
			it.keepVersion()
			break
		}
	}
	b := builder{}
	b.time(TagModified, it.Folder.Mailbox.org.Now())
	it.replace(it.Properties().With(append(set[:len(set):len(set)], b[TagModified]), remove...))
	if it.Read() && !wasRead {
		if suppress {
			it.settle()
		} else {
			it.tell(FlagReadPending, "IPNRN")
		}
	}
}

// essential are the properties whose old values single item recovery keeps.
var essential = map[ews.ExtendedField]bool{
	TagSubject: true, TagBody: true, TagDeliveryTime: true, TagSubmitTime: true,
	TagSenderName: true, TagSenderAddress: true, TagFromName: true, TagFromAddress: true,
}
