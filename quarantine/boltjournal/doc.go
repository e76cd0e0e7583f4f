// Package boltjournal stores a [quarantine.Journal] in a single file, a bbolt
// database.
//
// A file that was cut short or damaged is noticed before anything of it is used:
// [Open] reads all of it, and refuses it with [ErrDamaged] if a page or an intent is
// not as it was written, or if there are not as many intents as there should be. What
// can still be read of it is returned by [Salvage]. A file that an earlier version of
// this package wrote is upgraded when it is opened; from then on, that version no
// longer reads the intents in it, and says so.
package boltjournal
