// Package fleet lets several processes, on several machines, do the work of one: they share
// a PostgreSQL database that records what has been begun ([Journal]) and how much the mail
// servers may be asked for ([Limiter]).
//
// It is a separate module, so programs that run as one process with a journal in a file
// (package boltjournal) need neither PostgreSQL nor its driver.
//
// The database is PostgreSQL 14 or later. [Migrate] creates its tables, whose names all
// begin with fleet_, and those of River, in the first schema of the search path;
// [CheckSchema] checks that the program and the tables fit together. All times that decide
// anything are by the clock of the database: those of the machines may differ by minutes.
package fleet
