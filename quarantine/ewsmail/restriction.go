package ewsmail

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Properties of senders, named after [MS-OXPROPS].
var (
	pidTagSentRepresentingEmailAddress = ews.ExtendedField{Tag: 0x0065, Type: ews.TypeString}
	pidTagSenderEmailAddress           = ews.ExtendedField{Tag: 0x0C1F, Type: ews.TypeString}
	pidTagSentRepresentingSMTPAddress  = ews.ExtendedField{Tag: 0x5D02, Type: ews.TypeString}
)

// criteriaRestriction returns a restriction for the criteria that the server can
// evaluate. It matches everything that the criteria match, and more: servers compare
// differently, keep less than was sent, and lack properties. The engine filters the
// result.
//
// Attachments are left out: the server's flag does not count inline ones, such as
// pictures in the text. So are people: a server keeps only the first address of From
// ([MS-OXCMAIL], section 2.2.3.1.3).
func criteriaRestriction(c driver.Criteria) ews.And {
	var all ews.And
	all = append(all, subjectRestriction(c.Subject)...)
	received := func(op ews.CompareOp, t time.Time) {
		all = append(all, ews.Or{
			ews.Compare{Op: op, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(t)},
			// It is unknown whether an item without a time matches, and that must be
			// reported.
			ews.Not{Restriction: ews.Exists{Property: ews.FieldDateTimeReceived}},
		})
	}
	if !c.ReceivedAfter.IsZero() {
		received(ews.IsGreaterThanOrEqualTo, c.ReceivedAfter.Truncate(time.Second))
	}
	if !c.ReceivedBefore.IsZero() {
		received(ews.IsLessThan, c.ReceivedBefore.Truncate(time.Second).Add(time.Second))
	}
	return all
}

// senderRestriction matches the sender and the person that a message was sent for, as far
// as the server keeps their addresses.
func senderRestriction(sender string) ews.Or {
	var any ews.Or
	for _, p := range senderAddresses {
		any = append(any, containing(p, sender))
	}
	return any
}

// containing matches a property that contains a text.
func containing(p ews.PropertyPath, text string) ews.Restriction {
	return ews.Contains{Property: p, Value: text, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase}
}
