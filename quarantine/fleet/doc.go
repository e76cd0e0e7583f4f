// Package fleet lets several processes, on several machines, do the work of one: they
// share a PostgreSQL database, which holds what has been begun ([Journal]) and how much the
// mail servers may be asked for ([Limiter]).
//
// It is a separate module, so that programs which run one process and keep a file
// (package boltjournal) need neither PostgreSQL nor its driver.
//
// The database is PostgreSQL 14 or later. [Migrate] makes its tables, all of whose names
// begin with fleet_, in the first schema of the search path; [CheckSchema] says whether
// the program and the tables fit together. All times that decide anything are by the
// clock of the database: those of the machines may differ by minutes.
package fleet
