// Package boltjournal is the embedded journal: a [quarantine.Journal] in one
// file, a bbolt database.
package boltjournal
