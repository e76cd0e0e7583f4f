package sealedfile

import "go.etcd.io/bbolt"

// residentUses is after how many uses what the process has mapped of the file is given
// back. Each use touches a page in each table, and with it come up to 64 KiB around it.
const residentUses = 64

// used counts uses of the mapped file. Its pages belong to the system's cache of files,
// which takes them back when it needs to. But they count as memory of this process, with
// whoever watches it, and in the end all of the file does. So it is unmapped now and then,
// page by page; what is used again is mapped again from the cache, without reading the disk.
func (f *File) used(uses int) {
	if f.uses.Add(int64(uses)) < residentUses {
		return
	}
	f.uses.Store(0)
	// What breaks the file here is told to its next user.
	_ = f.guard(func() error {
		// While a transaction is open, the mapping is neither moved nor closed.
		return f.db.View(func(tx *bbolt.Tx) error {
			release(f.db.Info().Data, tx.Size())
			return nil
		})
	})
}
