// Package quarantine takes a delivered message that turned out malicious out
// of the mailboxes of an Exchange organisation, and can put it back as it was.
//
// [exchange.Open] makes a [Service] from a [exchange.Config]; [New] makes one from parts. A
// Service finds every copy of a message in a mailbox, moves each into the
// quarantine mailbox, proves that it did, and hands out a [Receipt], from which,
// or from the item in quarantine alone, it undoes all of it.
//
// # How nothing is lost and nothing doubled
//
// Before a copy of a message is touched, its intent goes into the [Journal],
// and the item gets a [driver.Stamp]: named properties that say which operation it
// belongs to, where it came from and what undo needs. The stamp travels with
// the item, so a copy can be recognised at either end without knowing its id.
//
// Then the item is carried to the other mailbox, the copy there is found by its
// stamp, read back and proved against the original, and only then is the
// original removed. Whatever fails on the way, the next step is never guessed:
// the service looks at both ends for the stamp and goes on from what it sees.
//
//	source end   destination end   what follows
//	one          none              carry it
//	one          one               prove the copy, remove the original
//	none         one               prove the copy: done
//	none         none              it is gone: somebody else took it
//
// The same table serves a first run, a repeated one, two at once, and recovery
// after a crash; a restore is the same with the ends exchanged. The direction
// is part of the stamp: a copy that an interrupted run in the other direction
// left behind is removed only after a new copy has been proved.
//
// # Extending
//
// A [driver.Strategy] says how mailboxes are reached and how an item is carried from
// one to another. [ewsmail.FullAccess] is the one for a service account with rights on
// all mailboxes, [ewsmail.Impersonation] the one that works in each as its owner; users
// may bring their own. Nothing in it names EWS.
package quarantine
