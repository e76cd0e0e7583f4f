package mailstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// mapped has the header fields, in lower case, that have their own properties; those that
// begin with Content- do as well. All others become named properties in
// PS_INTERNET_HEADERS ([MS-OXCMAIL], section 2.2.3.10).
var mapped = map[string]bool{
	"received": true, "from": true, "sender": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "subject": true,
	"date": true, "message-id": true, "references": true, "in-reply-to": true, "mime-version": true,
	"importance": true, "priority": true, "x-priority": true, "sensitivity": true, "thread-topic": true, "thread-index": true,
	"disposition-notification-to": true, "return-receipt-to": true, "return-path": true, "x-ms-has-attach": true,
}

// header returns the property for a header field of the message.
func (it *Item) header(key ews.ExtendedField) (ews.ExtendedProperty, bool) {
	p := ews.ExtendedProperty{Field: key}
	if key.Type != ews.TypeString || mapped[key.Name] || strings.HasPrefix(key.Name, "content-") || !it.Content().Has(key.Name) {
		return p, false
	}
	p.Value = it.Content().Header(key.Name)
	return p, true
}

// conversationIndex returns the header block of a conversation for a message without
// Thread-Index: the time and a GUID ([MS-OXOMSG], section 2.2.1.3). It is the same for
// copies.
func (it *Item) conversationIndex() string {
	const epoch = 116444736000000000 // 1970, in units of 100 ns since 1601
	at := it.Properties().Time(TagDeliveryTime)
	if at.IsZero() {
		at = it.Properties().Time(TagCreated)
	}
	ticks := uint64(at.Unix())*10_000_000 + uint64(at.Nanosecond())/100 + epoch
	block := binary.BigEndian.AppendUint64(nil, ticks)[:6]
	block[0] = 1 // reserved; it equals the high byte of a time until 2057
	guid := sha256.Sum256([]byte(it.Properties().Text(TagSearchKey)))
	return base64.StdEncoding.EncodeToString(append(block, guid[:16]...))
}

// HasHeader reports whether the message has the header field of a property in
// PS_INTERNET_HEADERS, by its normalised name.
func (it *Item) HasHeader(key ews.ExtendedField) bool {
	_, ok := it.header(key)
	return ok && key.Set == ews.SetInternetHeaders
}
