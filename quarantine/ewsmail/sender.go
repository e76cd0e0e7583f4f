package ewsmail

import (
	"cmp"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// senderProperties are the properties that tell who has sent an item. FindItem returns
// only the names in From and Sender, so the addresses are asked for as MAPI properties:
// those of From first, as an SMTP address and as the sender's system writes it.
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

// senderOf returns the address of who has sent an item, or a name. An address without
// an @ is one within an organisation (an X.500 name), which tells people nothing.
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
