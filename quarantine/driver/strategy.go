package driver

import (
	"context"
)

// Strategy is a driver: how items are found, changed and carried in one kind of
// mail system. The suite of package quarantinetest checks whether a strategy
// keeps this contract.
type Strategy interface {
	// Name returns the name of the strategy, for receipts.
	Name() string

	// System returns the name of the mail system that the ids of items and folders belong
	// to, such as [SystemEWS]. Several strategies may share a system. Stamps, receipts
	// and intents keep the name, so that ids of another system are not used as ids of
	// this one. The name must satisfy [ValidSystem], and never changes.
	System() string

	// Mailbox returns access to a mailbox by its primary SMTP address. It does no
	// I/O.
	Mailbox(address string) Mailbox

	// Carry brings the item, stamp included, into a folder of another mailbox, in
	// the best way that works. It changes nothing else: the copy is unread if the
	// original is, and nobody is notified. See [Carried].
	Carry(ctx context.Context, c Carriage) (Carried, error)
}

// InPlace is a [Strategy] that can keep what is quarantined in the mailbox that it came
// from, separate from what the owner of the mailbox sees. A mailbox from [Strategy.Mailbox]
// then excludes that part. The two parts have no item in common, whatever ids items have:
// an item that has been moved from one part to the other exists only there, under any id.
// That is checked in each call, and an item in the other part is [ErrGone]. The owner may
// move a folder from one part to the other: the items in it may keep their ids, and then
// count as moved.
type InPlace interface {
	// Vault returns access to the part of a mailbox, given by its primary SMTP address, in
	// which messages are kept. The part appears as a mailbox of its own with the same
	// Address; paths begin at the top of the mailbox. It does no I/O. [Strategy.Carry]
	// carries items to and from it.
	Vault(address string) Mailbox
}

// Carriage is an item on its way from one mailbox to a folder of another.
type Carriage struct {
	From   Mailbox
	Item   Item
	To     Mailbox
	Folder Folder

	// Only, if set, is the only way to try; Except are ways not to try. The error
	// is [Error.Untouched] if no way is left.
	Only   Way
	Except []Way
}

// Carried describes how an item was carried. With an error, it describes the
// last attempt.
type Carried struct {
	// Way is a label for receipts; the engine acts on the fields below.
	Way Way

	// Faithful means that this way keeps every property of the item, so the engine
	// requires the same subject and attachments, and nearly the same size.
	// Otherwise the copy may have been rebuilt from the message, and is compared by
	// content: see [Reader].
	Faithful bool

	// Once means that the same call cannot make a second copy, because the first call
	// takes the item away, and its id with it. After a lost answer, the engine then tries
	// the same way again; otherwise it waits until nothing can arrive any more.
	Once bool

	// ItemID is the id of the copy, or empty if the server did not return it.
	ItemID string

	// Moved means that a successful call has removed the original. Otherwise the
	// original still exists, and is removed once the copy has been proved.
	Moved bool
}
