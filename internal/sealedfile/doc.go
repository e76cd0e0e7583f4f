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
//     that is open, becomes an error, after which the file is not used any more.
//
// What does not fit is refused with [ErrDamaged]. [Salvage] reads what is left.
package sealedfile
