package ewstest

import (
	"fmt"
	"math/bits"
	"strings"
)

// Oddities are ways in which a server differs from a current Exchange because it is an
// old version, has a gateway in front of it, or is another product that speaks EWS. Each
// has been observed or is allowed by the protocol. They form a set, so combine several
// with |; the zero value is a server without oddities, and [AllOddities] contains all
// that a patient client can cope with at the same time.
//
// Each works in all versions. Answers remain valid by the schema, and what the server
// keeps remains intact, as [Mailbox.Messages] shows.
type Oddities uint32

// Oddities. The name in quotation marks is used by [ParseOddities] and in a [Scenario].
const (
	// OddNoTransfer ("noTransfer") lacks ExportItems and UploadItems: both get HTTP 500
	// and a SOAP fault without a response code.
	OddNoTransfer Oddities = 1 << iota

	// OddNoCrossMove ("noCrossMove") refuses to move or copy an item into another mailbox
	// even for a caller with FullAccess: the answer for each item is
	// ErrorCrossMailboxMoveCopy. Under impersonation Options.CrossMailboxImpersonated
	// still decides.
	OddNoCrossMove

	// OddBareFaults ("bareFaults") sends SOAP faults with HTTP 200 and without a detail
	// element, which would hold the hint to wait and the line of a violation. The
	// response code is only in the local name of the faultcode.
	OddBareFaults

	// OddNoRootFolder ("noRootFolder") leaves RootFolder out of a FindFolder
	// answer that has no folders.
	OddNoRootFolder

	// OddNoItemIDs ("noItemIds") returns no id for what CreateItem, UploadItems, MoveItem
	// and CopyItem have made: Items is empty, as after a move into another mailbox, and
	// UploadItems has no ItemId.
	OddNoItemIDs

	// OddDroppedHeaders ("droppedHeaders") generates MIME without the header fields whose
	// names begin with X-, including those set as properties. InternetMessageHeaders and
	// the property 0x007D still have them.
	OddDroppedHeaders

	// OddRenamedAttachments ("renamedAttachments") generates MIME in which named
	// attachments are called ATT00001, ATT00002 and so on, with their own extension:
	// "Invoice.docm" becomes "ATT00001.docm". Attachments and GetAttachment still have
	// the original names. Attached messages keep theirs, and so do the attachments inside
	// them.
	OddRenamedAttachments

	// OddRecodedText ("recodedText") generates MIME in which the subject and each text
	// that is not an attachment are in UTF-8 with another transfer encoding (base64, or
	// quoted-printable if it was base64), and boundaries change whenever the item's id
	// does. A text that cannot be decoded, or is signed, stays as it is.
	OddRecodedText

	// OddNoChunks ("noChunks") refuses requests with a chunked body, which have no
	// Content-Length, with HTTP 400 before authentication, as some gateways do.
	// [Server.Direct] does the same to requests that would be chunked. They are not among
	// [Server.Requests].
	OddNoChunks

	// OddNoChangeKeys ("noChangeKeys") ignores change keys in UpdateItem, DeleteItem,
	// MoveItem and UploadItems: a wrong, old or missing one is never an error, so the
	// last writer wins.
	OddNoChangeKeys

	// OddNoDeliveryTime ("noDeliveryTime") has no delivery time for any item:
	// DateTimeReceived, PostedTime and the property 0x0E06 are in no answer, and no
	// search or sort order finds them. What a client sets is kept but not shown.
	OddNoDeliveryTime

	// OddCaseSensitive ("caseSensitive") does not find a mailbox by an address that
	// differs from its own in case, either in a DistinguishedFolderId or under
	// impersonation. Signing in and the address book ignore case as usual.
	OddCaseSensitive

	// OddNanoseconds ("nanoseconds") writes the times of items with nine fractional
	// digits: 2026-11-24T10:00:00.000000000Z.
	OddNanoseconds

	// OddCannotFindUser ("cannotFindUser") returns ErrorCannotFindUser for a mailbox that
	// does not exist, instead of ErrorNonExistentMailbox.
	OddCannotFindUser

	// OddPostOnly ("postOnly") refuses all methods but POST below /EWS with HTTP 405
	// before authentication, so a GET does not reveal which authentication schemes are
	// offered.
	OddPostOnly

	// OddTwoAnswers ("twoAnswers") sends each SOAP fault twice: a second, equal HTTP
	// response follows the first on the same connection, where a careless client takes it
	// for the answer to its next request. It needs the server's own socket
	// ([Server.URL]); [Server.Direct] and a server in which this one is mounted have no
	// connection to write to, and send one answer. It is not part of AllOddities.
	OddTwoAnswers
)

// AllOddities are all oddities except [OddTwoAnswers].
const AllOddities = OddTwoAnswers - 1

// oddityNames are the names of the oddities, in the order of their bits.
var oddityNames = [...]string{
	"noTransfer", "noCrossMove", "bareFaults", "noRootFolder", "noItemIds", "droppedHeaders", "renamedAttachments",
	"recodedText", "noChunks", "noChangeKeys", "noDeliveryTime", "caseSensitive", "nanoseconds", "cannotFindUser",
	"postOnly", "twoAnswers",
}

// Has reports whether the set contains all of some oddities.
func (o Oddities) Has(some Oddities) bool { return o&some == some }

// String returns the names, separated by commas, in a form that [ParseOddities] reads;
// the result is empty if there are no oddities.
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

// ParseOddities reads names separated by commas. The name all means [AllOddities], and a
// name with a leading minus sign removes that oddity from those before it, which must
// contain it: "all,-nanoseconds". Case and blanks around names are ignored. The error for
// an unknown name lists the known ones. An empty text is the empty set.
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
