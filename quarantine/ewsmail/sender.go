package ewsmail

import (
	"cmp"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// senderProperties are the properties that identify the sender of an item. FindItem
// returns only the names in From and Sender, so the addresses are requested as MAPI
// properties: those of From first, as an SMTP address and in the form that the sender's
// system uses.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/finditem-operation.
func senderProperties() []ews.PropertyPath {
	properties := []ews.PropertyPath{ews.FieldFrom, ews.FieldSender}
	for _, f := range fromAndSender {
		properties = append(properties, f)
	}
	return properties
}

var fromAndSender = []ews.ExtendedField{
	pidTagSentRepresentingSMTPAddress, pidTagSentRepresentingEmailAddress, ews.PidTagSenderSMTPAddress, pidTagSenderEmailAddress,
}

// senderOf returns the address of an item's sender, or a name. An address without an @ is
// internal to an organisation (an X.500 name) and means nothing to people.
func senderOf(raw ews.Item) string {
	addresses := []string{raw.From.EmailAddress}
	for _, f := range fromAndSender {
		p, _ := raw.Property(f)
		addresses = append(addresses, p.Value)
	}
	for _, a := range append(addresses, raw.Sender.EmailAddress) {
		if strings.Contains(a, "@") && !strings.HasPrefix(a, "/") {
			return a
		}
	}
	return cmp.Or(raw.From.Name, raw.Sender.Name)
}
