// Package driver is what a mail system must do so that package quarantine can
// take messages out of its mailboxes and put them back: the contract between the
// engine and a driver, in the shape of database/sql/driver. Products call
// package quarantine; this package is for those who write a driver.
//
// A driver is a [Strategy]: it reaches mailboxes, and carries an item from one to
// another. What it does in a mailbox is a [Mailbox]: find, inspect, mark, remove,
// folders. The engine owns the order of things, the proof and the journal; a
// driver does what it is told, once, and reports. It never repeats a write whose
// outcome it does not know, and says of each failure what it means: see [Error].
//
// What else a mail system can do are further interfaces of its mailboxes, which
// the engine finds by [As], also behind decorators that have a method Unwrap:
//
//   - [Searcher]: messages are found by criteria
//   - [Sweeper]: what a move leaves in Recoverable Items can be removed
//   - [Prober]: whether a mailbox is there costs one cheap call
//   - [Directory]: groups are expanded
//   - [Forwarder]: it is known to whom a message was forwarded
//
// An item on its way carries a [Stamp]: a few short properties by which it is
// recognised at either end without its id, and which undo needs. A driver keeps
// them as the mail system keeps any property, by their names and values: see
// [Stamp.Values] and [ParseStamp].
//
// The suite of package quarantinetest tells whether a driver keeps the contract.
// Package ewsmail is the driver for Exchange; examples/customstrategy has a small
// one.
package driver
