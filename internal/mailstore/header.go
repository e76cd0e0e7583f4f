package mailstore

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// mapped are the header fields that become properties of their own, in lower case;
// those that begin with Content- do as well. All others are named properties in
// PS_INTERNET_HEADERS, [MS-OXCMAIL] 2.2.3.10.
var mapped = map[string]bool{
	"received": true, "from": true, "sender": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "subject": true,
	"date": true, "message-id": true, "references": true, "in-reply-to": true, "mime-version": true,
	"importance": true, "priority": true, "x-priority": true, "sensitivity": true, "thread-topic": true, "thread-index": true,
	"disposition-notification-to": true, "return-receipt-to": true, "return-path": true, "x-ms-has-attach": true,
}

// header returns the property of a header field that the message has.
func (it *Item) header(key ews.ExtendedField) (ews.ExtendedProperty, bool) {
	p := ews.ExtendedProperty{Field: key}
	if key.Type != ews.TypeString || mapped[key.Name] || strings.HasPrefix(key.Name, "content-") || !it.Content().Has(key.Name) {
		return p, false
	}
	p.Value = it.Content().Header(key.Name)
	return p, true
}

// HasHeader reports whether the message has the header field of a property in
// PS_INTERNET_HEADERS, by its normalised name.
func (it *Item) HasHeader(key ews.ExtendedField) bool {
	_, ok := it.header(key)
	return ok && key.Set == ews.SetInternetHeaders
}
