// Package sealedfile keeps small records in a single file and notices when the file is
// damaged. The file is a bbolt database (https://github.com/etcd-io/bbolt). bbolt maps
// its file into memory and trusts it: an inconsistency ends the process with a fault, or
// goes unnoticed. Therefore:
//
//   - the whole file is read and checked by ordinary reads before it is mapped: its two
//     heads, the tree of pages, the list of free pages, that no page belongs to two
//     things, and each record;
//   - each record has its own checksum, and the file holds the number and a digest of all
//     records, which are written in the same transaction;
//   - a new file is complete before it gets its name;
//   - a fault or panic despite all that, because another process changes a file while it
//     is open, becomes an error, after which the file is no longer used;
//   - the file is also no longer used after a change could not be written or synced
//     ([ErrBroken]), unless the disk was full before anything that is in use was written
//     ([ErrFull]).
//
// An inconsistent file is refused with [ErrDamaged]. [Salvage] reads what is left.
//
// One thing cannot be noticed: a disk, a virtual machine's host or a network file system
// that reports a sync as done and then loses all of it. The file is then as it was
// before, and consistent. If only a part of the change is lost, it is noticed.
package sealedfile
