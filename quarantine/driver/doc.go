// Package driver is the contract between the quarantine engine and a mail
// system, in the manner of database/sql/driver. It is for those who write a
// driver; products call package quarantine.
//
// A driver is a [Strategy]: it opens mailboxes and carries an item from one to
// another. A [Mailbox] finds, inspects, marks and removes items, and finds
// folders. The engine owns the sequence of steps, the proof and the journal; a
// driver does what it is told, once, and reports the result. It never repeats a
// write whose outcome it does not know, and it classifies each failure: see
// [Error].
//
// It tells with [Spend] what each request has cost, with the context of the call: receipts
// say so.
//
// Optional capabilities are further interfaces of a mailbox. The engine finds
// them with [As], even behind decorators that have an Unwrap method:
//
//   - [Searcher]: search for messages by criteria
//   - [Reader]: read the content of an item, to prove a rebuilt copy by it
//   - [Sweeper]: find what a move leaves in Recoverable Items
//   - [Shelver]: put an item aside that nobody needs
//   - [Prober]: check cheaply whether a mailbox exists
//   - [Directory]: expand groups
//   - [Forwarder]: find out to whom a message was forwarded
//   - [Watchable]: tell what comes into a folder, and note who deals with it, for package
//     reported; [Belled], [Answering], [Assembling] and [Unguarded] go with it
//
// One is a capability of the strategy: an [InPlace] keeps messages in the mailbox that they
// came from.
//
// A driver that can do the same for several items with one request says so as well, for
// package gather, which asks on behalf of calls that are made at the same time: see
// [BatchFinder], [BatchInspector], [BatchMarker], [BatchRemover], [BatchSweeper],
// [BatchReader] and [BatchCarrier]. The engine asks for one item at a time.
//
// An item in transit carries a [Stamp]: a few short properties by which it can
// be recognised at either end without its id, and which undo needs; they also say
// who may carry it, and until when. A driver stores them like any other property,
// by name and value: see [Stamp.Values] and [ParseStamp]. They must travel with the
// item, and a search must find them: what a driver does not keep cannot be taken.
//
// The engine believes no answer: after each write it reads back. But it relies on
// three things. [Mailbox.Mark] refuses to write over what somebody else has changed:
// that keeps two runs apart. A [Mailbox.Find] that reports no folder as unsearched
// has looked into all of them. And once the context of a call has ended, a driver sends
// nothing more for it: what is still on its way must take effect within
// quarantine.Options.WriteDoubt, or not at all.
//
// The suite of package quarantinetest checks whether a driver keeps the
// contract. Package ewsmail is the driver for Exchange; examples/customstrategy
// is a small one.
package driver
