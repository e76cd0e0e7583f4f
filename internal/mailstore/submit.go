package mailstore

import "github.com/ewsquarantine/ewsquarantine/ews"

// Submit sets the times at which the item was sent and delivered to now; see [Item.Sent].
func (it *Item) Submit() {
	now := it.Folder.Mailbox.org.Now()
	b := builder{}
	b.time(TagSubmitTime, now)
	b.time(TagDeliveryTime, now)
	it.set(it.Properties().With([]ews.ExtendedProperty{b[TagSubmitTime], b[TagDeliveryTime]}))
}
