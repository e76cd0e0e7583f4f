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

// maxWords is how many words of a subject the server is asked for. It takes a
// restriction of 255 nodes.
const maxWords = 32

// maxAsked is of how much of a long subject the server is asked for: it may keep
// only 255 characters, blanks among them that are not known.
const maxAsked = 128

// cutRunes returns a text without what goes beyond n characters, nor the word that
// would be cut.
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

// criteriaRestriction says to the server what it can decide. It lets through all that
// matches, and more: servers compare otherwise, keep less than was sent, and
// lack properties. The engine sifts what it let through.
//
// Attachments are not asked for: what servers call one does not include what
// stands within the text, such as a picture or page that is shown in place.
func criteriaRestriction(c driver.Criteria) ews.And {
	var all ews.And
	if c.Subject != "" {
		// Word by word, because how many blanks stand between them differs.
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
		all = append(all, ews.Compare{Op: op, Property: ews.FieldDateTimeReceived, Value: ews.FormatTime(t)})
	}
	if !c.ReceivedAfter.IsZero() {
		received(ews.IsGreaterThanOrEqualTo, c.ReceivedAfter.Truncate(time.Second))
	}
	if !c.ReceivedBefore.IsZero() {
		received(ews.IsLessThan, c.ReceivedBefore.Truncate(time.Second).Add(time.Second))
	}
	return all
}

// senderRestriction finds who sent a message and for whom. The SMTP address of a
// sender of the organisation is a property of its own, which older messages and
// servers lack: those are let through, unless the other address is one of SMTP.
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
