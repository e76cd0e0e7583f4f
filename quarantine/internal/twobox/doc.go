// Package twobox is a model of a mail system with two mailboxes, that of a user and
// the one for quarantine, as package driver describes them. It is for tests that run
// the engine very often: it has no XML, no goroutines, and no time of its own.
//
// An item is an object with a number. A move keeps the number and gives another id; a
// copy has another number. So a test sees what no id tells: whether two sightings are
// one object, which message an object is a copy of, and with which text.
//
// A [System] is what a server keeps. [System.Strategy] is a driver over it, as one
// process has it, with the ways of package ewsmail: a move takes the object itself,
// returns no id, and leaves something in Recoverable Items; a transfer makes a copy
// with every property; MIME makes one with the stamp that the caller knows, marked as
// rebuilt. What a server may do is set on the system: searches that are behind or show
// what has left, changes that are not kept, versions that are not compared, requests
// that take effect later. [System.Clone] makes a copy of all of it, and
// [System.Fingerprint] names a state apart from ids, names and the time of day.
//
// It has no folders below folders, attachments, headers or directory, and does not
// search by criteria. The tests of package quarantine compare it with ewstest.
package twobox
