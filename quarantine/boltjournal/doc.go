// Package boltjournal stores a [quarantine.Journal] in a single file, a bbolt
// database.
//
// A truncated or damaged file is noticed before any of it is used: [Open] reads all of
// it, and refuses it with [ErrDamaged] if a page or an intent is not as it was written,
// or if the number of intents is wrong. [Salvage] returns the intents that can still be
// read. After a failed write or sync, the journal can no longer be used ([ErrBroken]); on
// a full disk, it continues when there is room again ([ErrFull]).
//
// One thing cannot be noticed: a disk, or something that acts as one, that reports a sync
// as done and then loses all of it in a power failure. The journal is then as it was a
// moment before. It is consistent, but the last intents are missing. Their messages are
// in the mailboxes, and the same targets have to be requested again. So keep the journal
// on a local disk that writes what it is told to write: no write cache without a battery,
// no file system mounted with syncs disabled, and no host that defers the syncs of a
// virtual machine.
//
// A file written by an earlier version of this package is upgraded when it is opened.
// From then on, that version can no longer read the intents in it, and says so.
package boltjournal
