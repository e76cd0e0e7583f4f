// Package sealedfile keeps small records in one file that notices when it is
// damaged. The file is a bbolt database (https://github.com/etcd-io/bbolt), which maps
// its file into memory and trusts it: what does not fit ends the process with a fault,
// or is passed over. So here
//
//   - the whole file is read and checked by ordinary reads before it is mapped: its two
//     heads, the tree of pages, the list of free pages, that no page belongs to two
//     things, and each record;
//   - each record has its own checksum, and the file the number and a digest of all
//     records, which are written in the same transaction;
//   - a new file is complete before it gets its name;
//   - a fault or panic in spite of all that, because another process changes a file
//     that is open, becomes an error, after which the file is not used any more;
//   - nor is it after a change could not be written or synced ([ErrBroken]), unless the
//     disk was full before anything that is in use was written ([ErrFull]).
//
// What does not fit is refused with [ErrDamaged]. [Salvage] reads what is left.
//
// What cannot be noticed: a disk, a virtual machine's host or a network file system that
// reports a sync as done and then loses it whole. The file is then as it was before, and
// fits together. If only a part of the change is lost, it is noticed.
package sealedfile
