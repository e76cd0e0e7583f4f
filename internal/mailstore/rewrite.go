package mailstore

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// fromContent are the properties that are derived again when the message is rewritten. The
// received header (0x007D) is not.
var fromContent = []ews.ExtendedField{
	TagDisplayTo, TagDisplayCc, TagDisplayBcc,
	TagFromName, TagFromType, TagFromAddress, TagFromSMTP,
	TagSenderName, TagSenderType, TagSenderAddress, TagSenderSMTP,
}

// Rewrite replaces the message that the item was made from. The other properties stay, and
// so does what is known about the attachments. New attachments must come last.
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
		own = 0 // it is not known which were removed
	}
	it.renumber(len(all), own)
	it.content, it.attachments = content, all
	it.replace(p)
}

// Reform replaces the message of a draft, and all properties that a server derives from a
// message.
func (it *Item) Reform(raw []byte) {
	content := eml.Parse(raw)
	b := builder{}
	derive(b, content)
	delete(b, TagHeaders) // a draft has no received header
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

// Sent turns a draft into a sent message.
func (it *Item) Sent() {
	unread := it.Folder.unread
	it.setFlags(it.flags()&^FlagUnsent | FlagRead | FlagSubmitted)
	it.changed(unread)
}
