package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Faults in what a server does, or does not do, to items. They strike the members of a
// batch.
var (
	// FalseSuccess reports Success and does nothing: in DeleteItem
	// (https://github.com/OfficeDev/ews-managed-api/issues/147), and in MoveItem,
	// CopyItem and UpdateItem. MoveItem and CopyItem then return no item, and UpdateItem
	// the item with its old change key. For a MoveItem without a response message see
	// [NoResponseMessage].
	FalseSuccess = Fault{Name: "Success, and nothing done", kind: faultNothing}

	// OnlyCopies makes MoveItem copy: it reports Success and returns what a move would
	// return, with the id of the copy, but the original stays where it is. Moves between
	// mailboxes are copies followed by removals, so an interrupted one leaves this state
	// (https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation).
	OnlyCopies = Fault{Name: "a move that only copies", kind: faultCopies}

	// Ghost makes an item one that FindItem lists but for which everything else answers
	// ErrorItemNotFound (https://github.com/mustang-im/mustang/issues/744). Use it with
	// [When.MessageID] or [When.Item].
	Ghost = Fault{Name: "an item that is only listed", kind: faultMember, scope: scopeByID, code: "ErrorItemNotFound"}

	// PropertiesLost does not keep named properties that CreateItem, UpdateItem or
	// UploadItems set, or that an item brings with it in MoveItem or CopyItem: those in a
	// property set of the client's own (PropertySetId), internet headers, and public
	// strings other than the categories. The answer is Success. It counts only where
	// there are some to lose.
	PropertiesLost = Fault{Name: "named properties are not kept", kind: faultForget}

	// ChangeKeysIgnored takes every change key as if it were the current one where it
	// would be refused: an old one in UpdateItem, UploadItems and ExportItems, and an
	// invalid one also in DeleteItem, MoveItem, CopyItem and GetItem. An UpdateItem with
	// an old change key then overwrites. It counts only where a change key would have
	// been refused.
	ChangeKeysIgnored = Fault{Name: "change keys are ignored", kind: faultKeys}
)

// Shortened returns a fault that cuts the MimeContent of GetItem and the Data of
// ExportItems after a share of their bytes, from 0 to less than 1, at a whole group of
// base64: the answer is well-formed and nothing shows that it is cut
// (https://github.com/ecederstrand/exchangelib/issues/584,
// https://github.com/ecederstrand/exchangelib/issues/683). It panics if keep is anything
// else. [TruncatedExport] is the variant with Exchange's marker.
func Shortened(keep float64) Fault {
	if !(keep >= 0 && keep < 1) {
		panic("ewstest: Shortened: the share that is kept must be at least 0 and less than 1")
	}
	return Fault{Name: "content cut without a mark", kind: faultShort, share: keep}
}

// shorten returns the first part of content, the given share of it, in whole groups of
// base64.
func shorten(content [][]byte, share float64) [][]byte {
	size := 0
	for _, b := range content {
		size += len(b)
	}
	size = int(float64(size)*share) / 3 * 3
	kept := [][]byte{}
	for _, b := range content {
		n := min(size, len(b))
		kept = append(kept, b[:n])
		size -= n
	}
	return kept
}

// minding returns the refusal of a change key, or nil if a fault ignores it.
func (c *call) minding(refused *refusal, it *mailstore.Item) *refusal {
	if refused != nil {
		if _, ok := c.strikes(is(faultKeys), it); ok {
			return nil
		}
	}
	return refused
}

// forget drops the named properties of an item that has just been written, if a fault
// demands it.
func (c *call) forget(it *mailstore.Item) {
	if len(c.rules) == 0 || !it.HasCustom() {
		return
	}
	if _, ok := c.strikes(is(faultForget), it); ok {
		it.DropCustom()
	}
}

// forgetIn does what forget does for the properties that an update sets.
func (c *call) forgetIn(u *update) {
	custom := func(p ews.ExtendedProperty) bool { return mailstore.Custom(keyOf(p.Field)) }
	if !slices.ContainsFunc(u.set, custom) {
		return
	}
	if _, ok := c.strikes(is(faultForget), u.item); ok {
		u.set = slices.DeleteFunc(u.set, custom)
	}
}
