package mailstore

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// fromContent are the properties that follow the message when it is rewritten. The
// header that was received (0x007D) does not.
var fromContent = []ews.ExtendedField{
	TagDisplayTo, TagDisplayCc, TagDisplayBcc,
	TagFromName, TagFromType, TagFromAddress, TagFromSMTP,
	TagSenderName, TagSenderType, TagSenderAddress, TagSenderSMTP,
}

// Rewrite replaces the message that the item was made from. Its other properties
// stay, and so does what is known of its attachments: new ones come last.
func (it *Item) Rewrite(raw []byte) {
	it.keepVersion()
	it.altered = true
	content := eml.Parse(raw)
	b := builder{}
	derive(b, content)
	all := attachments(content)
	set := attachmentProperties(it.Properties(), all)
	for _, f := range append([]ews.ExtendedField{TagMessageID}, fromContent...) {
		if p, ok := b[f]; ok {
			set = append(set, p)
		}
	}
	p := it.Properties().With(nil, fromContent...).With(set)
	own := len(it.Attachments())
	if len(all) < own {
		own = 0 // nobody can tell which is which
	}
	it.renumber(len(all), own)
	it.content, it.attachments = content, all
	it.replace(p)
}

// Reform replaces the message of a draft, with all properties that a server takes from
// a message.
func (it *Item) Reform(raw []byte) {
	content := eml.Parse(raw)
	b := builder{}
	derive(b, content)
	delete(b, TagHeaders) // there are none that were received
	delete(b, TagClass)
	all := attachments(content)
	set := attachmentProperties(it.Properties(), all)
	for _, f := range Properties(b).Keys() {
		set = append(set, b[f])
	}
	gone := append([]ews.ExtendedField{TagMessageID, TagInReplyTo, TagReferences, TagConversationIndex}, fromContent...)
	p := it.Properties().With(nil, gone...).With(set)
	it.renumber(len(all), 0)
	it.content, it.attachments = content, all
	it.replace(p)
}

// Sent makes a draft a message that was sent.
func (it *Item) Sent() {
	unread := it.Folder.unread
	it.setFlags(it.flags()&^FlagUnsent | FlagRead | FlagSubmitted)
	it.changed(unread)
}
