// Package boltjournal stores a [quarantine.Journal] in a single file, a bbolt
// database.
//
// A file that was cut short or damaged is noticed before anything of it is used:
// [Open] reads all of it, and refuses it with [ErrDamaged] if a page or an intent is
// not as it was written, or if there are not as many intents as there should be. What
// can still be read of it is returned by [Salvage]. After a write or sync that failed,
// the journal is not used any more ([ErrBroken]); on a full disk it goes on when there is
// room again ([ErrFull]).
//
// One thing cannot be noticed: a disk, or what stands in for one, that reports a sync as
// done and loses it whole in a power failure. The journal is then as it was a moment
// before, and fits together, but the last intents are missing. Their messages are in the
// mailboxes, and the same targets have to be asked for again. So keep the journal on a
// local disk that writes what it was told to: no write cache without a battery, no file
// system mounted so that syncs are left out, no host that puts off the syncs of a virtual
// machine.
//
// A file that an earlier version of
// this package wrote is upgraded when it is opened; from then on, that version no
// longer reads the intents in it, and says so.
package boltjournal
