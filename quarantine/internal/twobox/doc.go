// Package twobox is a model of a mail system with two mailboxes, a user's and the
// quarantine mailbox, as package driver describes them. It is for tests that run the
// engine very often: it has no XML, no goroutines, and no clock of its own.
//
// An item is an object with a number. A move keeps the number and changes the id; a copy
// has another number. So a test can see what no id reveals: whether two sightings are one
// object, which message an object is a copy of, and with which text.
//
// A [System] is the state of a server. [System.Strategy] is a driver for it, as one
// process has it, with the ways of package ewsmail: a move takes the object itself,
// returns no id, and leaves something in Recoverable Items; a transfer makes a copy with
// every property; MIME makes a copy with the stamp that the caller knows, marked as
// rebuilt. Server behaviour is set on the system: searches that lag behind or still show
// what has left, changes that are not kept, versions that are not compared, requests that
// take effect later. [System.Clone] copies all of it, and [System.Fingerprint] identifies
// a state regardless of ids, names and the time of day.
//
// It has no nested folders, attachments, headers or directory, and does not search
// by criteria. The tests of package quarantine compare it with ewstest.
package twobox
