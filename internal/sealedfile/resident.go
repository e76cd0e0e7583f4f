package sealedfile

import "go.etcd.io/bbolt"

// residentUses is the number of uses after which the process gives back the file's mapped
// pages. Each use touches a page in each table, which brings in up to 64 KiB around it.
const residentUses = 64

// used counts uses of the mapped file. Its pages belong to the system's cache of files,
// which takes them back when it needs to. But monitoring counts them as memory of this
// process, and eventually the whole file counts. So the pages are unmapped now and then;
// a page that is used again is mapped again from the cache, without reading the disk.
func (f *File) used(uses int) {
	if f.uses.Add(int64(uses)) < residentUses {
		return
	}
	f.uses.Store(0)
	// If this breaks the file, the next user gets the error.
	_ = f.guard(func() error {
		// While a transaction is open, the mapping is neither moved nor closed.
		return f.db.View(func(tx *bbolt.Tx) error {
			release(f.db.Info().Data, tx.Size())
			return nil
		})
	})
}
