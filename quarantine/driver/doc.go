// Package driver is the contract between the quarantine engine and a mail
// system, in the manner of database/sql/driver. It is for authors of drivers;
// products call package quarantine.
//
// A driver is a [Strategy]: it opens mailboxes and carries an item from one to
// another. A [Mailbox] finds, inspects, marks and removes items, and finds
// folders. The engine owns the sequence of steps, the proof and the journal; a
// driver does what it is told, once, and reports the result. It never repeats a
// write whose outcome is unknown, and it classifies each failure: see [Error].
//
// It reports what each request has cost with [Spend], using the context of the call:
// receipts contain these costs.
//
// Optional capabilities are further interfaces of a mailbox. The engine finds
// them with [As], even behind decorators that have an Unwrap method:
//
//   - [Searcher]: search for messages by criteria
//   - [Reader]: read the content of an item, to prove a rebuilt copy
//   - [Sweeper]: find what a move leaves in Recoverable Items
//   - [Shelver]: put aside an item that nobody needs
//   - [Prober]: check cheaply whether a mailbox exists
//   - [Directory]: expand groups
//   - [Forwarder]: find out to whom a message was forwarded
//   - [Watchable]: report what arrives in a folder, and note who deals with it, for
//     package reported; [Belled], [Answering], [Assembling] and [Unguarded] go with it
//
// One capability belongs to the strategy: an [InPlace] keeps messages in the mailbox that
// they came from.
//
// A driver that can do the same for several items with one request can implement further
// interfaces for package gather, which makes such requests on behalf of concurrent calls:
// see [BatchFinder], [BatchInspector], [BatchMarker], [BatchRemover], [BatchSweeper],
// [BatchReader] and [BatchCarrier]. The engine asks for one item at a time.
//
// An item in transit carries a [Stamp]: a few short properties by which it can be
// recognised at either end without its id, and which are needed to undo the
// quarantine; they also say who may carry it, and until when. A driver stores them
// like any other property, by name and value: see [Stamp.Values] and [ParseStamp].
// They must travel with the item, and a search must find them: an item whose stamp
// a driver does not keep cannot be taken.
//
// The engine trusts no answer: it reads back after each write. But it relies on three
// things. [Mailbox.Mark] refuses to overwrite what somebody else has changed, which
// keeps two runs apart. A [Mailbox.Find] that reports no folder as unsearched has
// looked into all of them. And once the context of a call has ended, a driver sends
// nothing more for it: whatever is still on its way must take effect within
// quarantine.Options.WriteDoubt, or not at all.
//
// The suite of package quarantinetest checks whether a driver keeps the contract. Package
// ewsmail is the driver for Exchange; examples/customstrategy is a small driver.
package driver
