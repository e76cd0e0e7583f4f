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
//
// An item in transit carries a [Stamp]: a few short properties by which it can
// be recognised at either end without its id, and which undo needs. A driver
// stores them like any other property, by name and value: see [Stamp.Values]
// and [ParseStamp].
//
// The suite of package quarantinetest checks whether a driver keeps the
// contract. Package ewsmail is the driver for Exchange; examples/customstrategy
// is a small one.
package driver
