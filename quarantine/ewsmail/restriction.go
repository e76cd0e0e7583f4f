package ewsmail

import (
	"strings"
	"time"
	"unicode"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Properties of senders, named after [MS-OXPROPS].
var (
	pidTagSentRepresentingAddressType  = ews.ExtendedField{Tag: 0x0064, Type: ews.TypeString}
	pidTagSentRepresentingEmailAddress = ews.ExtendedField{Tag: 0x0065, Type: ews.TypeString}
	pidTagSenderAddressType            = ews.ExtendedField{Tag: 0x0C1E, Type: ews.TypeString}
	pidTagSenderEmailAddress           = ews.ExtendedField{Tag: 0x0C1F, Type: ews.TypeString}
	pidTagSentRepresentingSMTPAddress  = ews.ExtendedField{Tag: 0x5D02, Type: ews.TypeString}
)

// maxWords is how many words of a subject the restriction contains. Servers accept
// restrictions of up to 255 nodes.
const maxWords = 32

// maxAsked is how many characters of a subject the restriction contains: servers
// may keep only 255, including an unknown number of blanks.
const maxAsked = 128

// cutRunes truncates a text to at most n characters, at the end of a word if
// possible.
func cutRunes(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	cut := string(runes[:n])
	if i := strings.LastIndexFunc(cut, unicode.IsSpace); i > 0 && !unicode.IsSpace(runes[n]) {
		return cut[:i]
	}
	return cut
}

// criteriaRestriction returns a restriction for what the server can decide. It
// matches everything that the criteria match, and more: servers compare
// differently, keep less than was sent, and lack properties. The engine filters
// the result.
//
// Attachments are left out: the server's flag does not count inline ones, such as
// pictures in the text.
func criteriaRestriction(c driver.Criteria) ews.And {
	var all ews.And
	if c.Subject != "" {
		// Word by word, because the number of blanks between words differs.
		for i, word := range strings.Fields(cutRunes(c.Subject, maxAsked)) {
			if i == maxWords {
				break
			}
			all = append(all, ews.Contains{Property: ews.FieldSubject, Value: word, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase})
		}
	}
	if c.Sender != "" {
		all = append(all, senderRestriction(c.Sender))
	}
	received := func(op ews.CompareOp, t time.Time) {
		all = append(all, ews.Or{
			ews.Compare{Op: op, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(t)},
			// Whether an item without a time matches is unknown, which has to be said.
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

// senderRestriction matches the sender and whom a message was sent for. The SMTP
// address of an internal sender is a separate property, which older messages and
// servers lack: without it a message matches, unless the other address is an SMTP
// address.
func senderRestriction(sender string) ews.Restriction {
	var any ews.Or
	for _, who := range []struct{ smtp, address, kind ews.ExtendedField }{
		{ews.PidTagSenderSMTPAddress, pidTagSenderEmailAddress, pidTagSenderAddressType},
		{pidTagSentRepresentingSMTPAddress, pidTagSentRepresentingEmailAddress, pidTagSentRepresentingAddressType},
	} {
		contains := func(p ews.PropertyPath) ews.Restriction {
			return ews.Contains{Property: p, Value: sender, Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase}
		}
		any = append(any, contains(who.smtp), contains(who.address), ews.And{
			ews.Not{Restriction: ews.Exists{Property: who.smtp}},
			ews.Not{Restriction: ews.Compare{Op: ews.IsEqualTo, Property: who.kind, Value: "SMTP"}},
		})
	}
	return any
}
