// Package boltjournal stores a [quarantine.Journal] in a single file, a bbolt
// database.
package boltjournal
