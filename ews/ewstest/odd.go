package ewstest

import (
	"fmt"
	"math/bits"
	"strings"
)

// Oddities are ways in which a server differs from a current Exchange: an old
// version, a gateway in front of it, or another product that speaks EWS. Each has
// been observed or is allowed by the protocol. They are a set, so several are
// combined with |; the zero value is a server without oddities, and
// [AllOddities] has all that a patient client can live with at once.
//
// Each works in all versions. Answers stay valid by the schema, and what the
// server keeps stays whole: [Mailbox.Messages] shows it.
type Oddities uint32

// Oddities. The name in quotation marks is that of [ParseOddities] and of a
// [Scenario].
const (
	// OddNoTransfer ("noTransfer") lacks ExportItems and UploadItems: both answer
	// HTTP 500 and a SOAP fault without a response code.
	OddNoTransfer Oddities = 1 << iota

	// OddNoCrossMove ("noCrossMove") refuses to move or copy an item into another
	// mailbox also for a caller with FullAccess: each item answers
	// ErrorCrossMailboxMoveCopy. Under impersonation
	// Options.CrossMailboxImpersonated still decides.
	OddNoCrossMove

	// OddBareFaults ("bareFaults") sends SOAP faults with HTTP 200 and without a
	// detail element, which has the hint to wait and the line of a violation. The
	// response code is only in the local name of the faultcode.
	OddBareFaults

	// OddNoRootFolder ("noRootFolder") leaves RootFolder out of a FindFolder
	// answer that has no folders.
	OddNoRootFolder

	// OddNoItemIDs ("noItemIds") returns no id of what CreateItem, UploadItems,
	// MoveItem and CopyItem have made: Items is empty, as after a move into
	// another mailbox, and UploadItems has no ItemId.
	OddNoItemIDs

	// OddDroppedHeaders ("droppedHeaders") makes MIME without the header fields
	// whose names begin with X-, also those set as properties. InternetMessageHeaders
	// and the property 0x007D still have them.
	OddDroppedHeaders

	// OddRenamedAttachments ("renamedAttachments") makes MIME in which the
	// attachments with a name are called ATT00001, ATT00002 and so on, with their
	// own extension: "Invoice.docm" becomes "ATT00001.docm". Attachments and
	// GetAttachment still have the names. Attached messages keep theirs, and so
	// does what is inside them.
	OddRenamedAttachments

	// OddRecodedText ("recodedText") makes MIME in which each text that is not an
	// attachment, and the subject, is in UTF-8 with another transfer encoding
	// (base64, or quoted-printable if it was base64), and boundaries change
	// whenever the item's id does. A text that cannot be decoded, or is signed,
	// stays as it is.
	OddRecodedText

	// OddNoChunks ("noChunks") refuses requests with a chunked body, which have no
	// Content-Length, with HTTP 400 and before authentication, as some gateways
	// do. [Server.Direct] does the same to requests that would be chunked. They
	// are not among [Server.Requests].
	OddNoChunks

	// OddNoChangeKeys ("noChangeKeys") ignores the change keys in UpdateItem,
	// DeleteItem, MoveItem and UploadItems: a wrong, old or missing one is never an
	// error, so the last writer wins.
	OddNoChangeKeys

	// OddNoDeliveryTime ("noDeliveryTime") has no time of delivery of any item:
	// DateTimeReceived, PostedTime and the property 0x0E06 are in no answer, and
	// no search or order finds one. What a client sets is kept but not shown.
	OddNoDeliveryTime

	// OddCaseSensitive ("caseSensitive") does not find a mailbox by an address
	// that differs from its own in case, neither in a DistinguishedFolderId nor
	// under impersonation. Signing in and the address book ignore case as before.
	OddCaseSensitive

	// OddNanoseconds ("nanoseconds") writes the times of items with nine digits of
	// a second: 2026-11-24T10:00:00.000000000Z.
	OddNanoseconds

	// OddCannotFindUser ("cannotFindUser") answers ErrorCannotFindUser for a
	// mailbox that does not exist, instead of ErrorNonExistentMailbox.
	OddCannotFindUser

	// OddPostOnly ("postOnly") refuses all methods but POST below /EWS with HTTP
	// 405 before authentication, so that a GET does not tell which authentication
	// schemes are offered.
	OddPostOnly

	// OddTwoAnswers ("twoAnswers") sends each SOAP fault twice: a second, equal
	// HTTP response follows the first on the same connection, where a careless
	// client takes it for the answer to its next request. It needs the server's
	// own socket ([Server.URL]); [Server.Direct] and a server in which this one is
	// mounted have no connection to write to, and send one answer. It is not among
	// AllOddities.
	OddTwoAnswers
)

// AllOddities are all oddities but [OddTwoAnswers].
const AllOddities = OddTwoAnswers - 1

// oddityNames are the names of the oddities, in the order of their bits.
var oddityNames = [...]string{
	"noTransfer", "noCrossMove", "bareFaults", "noRootFolder", "noItemIds", "droppedHeaders", "renamedAttachments",
	"recodedText", "noChunks", "noChangeKeys", "noDeliveryTime", "caseSensitive", "nanoseconds", "cannotFindUser",
	"postOnly", "twoAnswers",
}

// Has reports whether all of some oddities are in the set.
func (o Oddities) Has(some Oddities) bool { return o&some == some }

// String returns the names, separated by commas, in a form that [ParseOddities]
// reads; empty without oddities.
func (o Oddities) String() string {
	var names []string
	for rest := o; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(uint32(rest))
		if i >= len(oddityNames) {
			return fmt.Sprintf("Oddities(%#x)", uint32(o))
		}
		names = append(names, oddityNames[i])
	}
	return strings.Join(names, ",")
}

// ParseOddities reads names separated by commas. The name all means
// [AllOddities], and a name with a leading minus sign takes that oddity away from
// those before it, which must have it: "all,-nanoseconds". Names ignore case, and blanks around them.
// The error for an unknown name lists those that exist. An empty text is the
// empty set.
func ParseOddities(text string) (Oddities, error) {
	var set Oddities
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	for name := range strings.SplitSeq(text, ",") {
		plain, minus := strings.CutPrefix(strings.TrimSpace(name), "-")
		one, ok := oddity(plain)
		switch {
		case !ok:
			return 0, fmt.Errorf("ewstest: unknown oddity %q; use all or some of %s", plain, strings.Join(oddityNames[:], ", "))
		case minus && set&one == 0:
			return 0, fmt.Errorf("ewstest: -%s takes away what is not there; put all, or some oddities, before it", plain)
		case minus:
			set &^= one
		default:
			set |= one
		}
	}
	return set, nil
}

func oddity(name string) (Oddities, bool) {
	if strings.EqualFold(name, "all") {
		return AllOddities, true
	}
	for i, n := range oddityNames {
		if strings.EqualFold(n, name) {
			return 1 << i, true
		}
	}
	return 0, false
}

// oddities returns the oddities of a scenario.
func (d *scenarioData) oddities() (Oddities, error) { return ParseOddities(strings.Join(d.Odd, ",")) }
