package mailstore

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// fromContent are the properties that follow the message when it is rewritten.
var fromContent = []ews.ExtendedField{
	TagHeaders, TagDisplayTo, TagDisplayCc, TagDisplayBcc,
	TagFromName, TagFromType, TagFromAddress, TagFromSMTP,
	TagSenderName, TagSenderType, TagSenderAddress, TagSenderSMTP,
}

// Rewrite replaces the message that the item was made from. Its other properties
// stay.
func (it *Item) Rewrite(raw []byte) {
	it.keepVersion()
	it.altered = true
	content := eml.Parse(raw)
	b := builder{}
	derive(b, content)
	if _, received := it.Properties()[TagHeaders]; !received {
		delete(b, TagHeaders)
	}
	all := attachments(content)
	b.bool(TagHasAttachments, hasVisible(all))
	var set []ews.ExtendedProperty
	for _, f := range append([]ews.ExtendedField{TagHasAttachments, TagMessageID}, fromContent...) {
		if p, ok := b[f]; ok {
			set = append(set, p)
		}
	}
	p := it.Properties().With(nil, fromContent...).With(set)
	it.content, it.attachments = content, all
	it.replace(p)
}

// Sent makes a draft a message that was sent.
func (it *Item) Sent() {
	it.setFlags(it.flags()&^FlagUnsent | FlagRead | FlagSubmitted)
	it.change = it.Folder.Mailbox.org.nextChange()
}
