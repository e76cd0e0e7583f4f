// Package passage moves one item from one end to the other: into quarantine, or
// back to its user. It stamps the item, carries it, proves the copy, and
// removes the original. After a failure, or when run again, what it finds at
// each end decides the next step: see the table in the package comment of
// quarantine.
//
// It knows mailboxes only as package driver describes them, and no service,
// target or receipt.
package passage
