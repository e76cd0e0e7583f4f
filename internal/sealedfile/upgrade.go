package sealedfile

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"
)

// adoptAtOnce is how many records of an earlier version are adopted in one transaction.
// After a crash in between, the rest are where they were.
const adoptAtOnce = 1000

// barrier is a record in the bucket of an earlier version. That version cannot read it
// and reports this, instead of finding nothing in a file whose records are elsewhere.
var barrier = []byte("\x00written by a later version: open it with that version")

// upgrade adopts the records of an earlier version. They can reappear if that version is
// used after an upgrade.
func (f *File) upgrade(fresh bool) error {
	if fresh {
		err := f.guard(func() error {
			return f.db.Update(func(tx *bbolt.Tx) error { return f.seal(tx) })
		})
		if err != nil {
			return err
		}
	}
	for _, name := range f.format.Earlier {
		var after []byte
		for more := true; more; {
			var found [][2][]byte
			err := f.View(func(tx *Tx) error {
				found = tx.some([]byte(name), after, adoptAtOnce)
				return nil
			})
			if err != nil {
				return err
			}
			if more = len(found) > 0; !more {
				break
			}
			after = found[len(found)-1][0]
			if err := f.Update(func(tx *Tx) error { return tx.adopt(name, found) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal writes the first state, and the barriers.
func (f *File) seal(tx *bbolt.Tx) error {
	for _, name := range f.format.Earlier {
		b, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil {
			return err
		}
		if err := b.Put(barrier, []byte("-")); err != nil {
			return err
		}
	}
	return (&Tx{tx: tx, file: f, state: &state{kind: f.format.Kind, version: f.format.Version}}).writeState()
}

// some returns copies of the records of a bucket after a key.
func (t *Tx) some(bucket, after []byte, most int) [][2][]byte {
	b := t.tx.Bucket(bucket)
	if b == nil {
		return nil
	}
	var found [][2][]byte
	c := b.Cursor()
	for k, v := c.Seek(after); k != nil && len(found) < most; k, v = c.Next() {
		if !bytes.Equal(k, after) && !bytes.Equal(k, barrier) {
			found = append(found, [2][]byte{slices.Clone(k), slices.Clone(v)})
		}
	}
	return found
}

// adopt adopts records of an earlier version.
func (t *Tx) adopt(bucket string, records [][2][]byte) error {
	for _, r := range records {
		known, err := t.file.format.Adopt(t, bucket, r[0], r[1])
		if err != nil {
			return err
		}
		if !known {
			continue
		}
		if err := t.tx.Bucket([]byte(bucket)).Delete(r[0]); err != nil {
			return err
		}
	}
	return nil
}

// Unadopted calls a function for each record of an earlier version that
// [Format.Adopt] did not know.
func (t *Tx) Unadopted(do func(bucket string, key, value []byte) error) error {
	for _, name := range t.file.format.Earlier {
		b := t.tx.Bucket([]byte(name))
		if b == nil {
			continue
		}
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if bytes.Equal(k, barrier) {
				continue
			}
			if err := do(name, k, v); err != nil {
				return err
			}
		}
	}
	return nil
}
