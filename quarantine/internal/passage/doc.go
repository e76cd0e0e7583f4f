// Package passage brings one item from one end to the other: into quarantine, or
// back to its user. It stamps it, carries it, proves the copy, and removes the
// original; what it finds at either end after a failure, or when it is run again,
// decides what follows. It knows mailboxes only as package driver describes them.
//
// It knows no service, no target and no receipt. Its methods follow the table in
// the package comment of quarantine.
package passage
