package sealedfile

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// Tx is what a function works with during [File.Update] and [File.View].
type Tx struct {
	tx    *bbolt.Tx
	file  *File
	state *state // nil in a read-only transaction
}

// Update runs a function in a transaction. When it returns nil, what the function wrote
// has been synced to disk. Concurrent calls share a transaction and its sync, so the
// function may be called more than once; only the effects of the last call count. If it
// returns an error, none of its changes are written. If the change cannot be written, the
// error matches [ErrFull] or [ErrBroken].
func (f *File) Update(do func(*Tx) error) error {
	c := &change{do: do}
	f.queueing.Lock()
	f.queue = append(f.queue, c)
	f.queueing.Unlock()

	// Whoever gets the lock writes for everybody who is waiting by then.
	f.writing.Lock()
	defer f.writing.Unlock()
	if c.done {
		return c.err
	}
	f.queueing.Lock()
	batch := f.queue
	f.queue = nil
	f.queueing.Unlock()

	refused, err := f.write(batch)
	for _, other := range batch {
		if refused && len(batch) > 1 {
			_, err = f.write([]*change{other})
		}
		other.err, other.done = err, true
	}
	f.used(len(batch))
	return c.err
}

// write carries out changes in one transaction. The result refused reports that one of
// them returned the error.
func (f *File) write(batch []*change) (refused bool, err error) {
	err = f.guard(func() error {
		var transaction uint64 // once there is something to commit
		err := f.db.Update(func(tx *bbolt.Tx) error {
			s, err := f.readState(tx)
			if err != nil {
				return err
			}
			t := &Tx{tx: tx, file: f, state: &s}
			for _, c := range batch {
				if err := c.do(t); err != nil {
					refused = true
					return err
				}
			}
			err = t.writeState()
			if err == nil {
				transaction = uint64(tx.ID())
			}
			return err
		})
		if err != nil && transaction != 0 {
			return f.failed(transaction, err)
		}
		return err
	})
	return refused, err
}

// View runs a function that only reads. It must not call Update.
func (f *File) View(do func(*Tx) error) error {
	defer f.used(1)
	return f.guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error { return do(&Tx{tx: tx, file: f}) })
	})
}

func (f *File) readState(tx *bbolt.Tx) (state, error) {
	b := tx.Bucket(stateBucket)
	if b == nil {
		return state{}, fmt.Errorf("%w: number and digest of its records are missing", ErrDamaged)
	}
	return parseState(b.Get(stateKey), f.format)
}

func (t *Tx) writeState() error {
	b, err := t.tx.CreateBucketIfNotExists(stateBucket)
	if err != nil {
		return err
	}
	t.state.version = t.file.format.Version // earlier versions may not know what is written
	return b.Put(stateKey, sealed(string(stateBucket), stateKey, t.state.text()))
}

// Get returns a record, or nil if it does not exist. It is valid during the
// transaction. The error matches [ErrDamaged] if the record does not match its
// checksum.
func (t *Tx) Get(table string, key []byte) ([]byte, error) {
	value, _, err := t.get(table, key)
	return value, err
}

func (t *Tx) get(table string, key []byte) (value, stored []byte, err error) {
	b := t.tx.Bucket([]byte(tablePrefix + table))
	if b == nil {
		return nil, nil, nil
	}
	if stored = b.Get(key); stored == nil {
		return nil, nil, nil
	}
	value, err = unseal(tablePrefix+table, key, stored)
	return value, stored, err
}

// Put writes a record, replacing an earlier one.
func (t *Tx) Put(table string, key, value []byte) error {
	_, old, err := t.get(table, key)
	if err != nil {
		return err
	}
	if old != nil {
		t.state.remove(old)
	}
	b, err := t.tx.CreateBucketIfNotExists([]byte(tablePrefix + table))
	if err != nil {
		return err
	}
	stored := sealed(tablePrefix+table, key, value)
	t.state.add(stored)
	return b.Put(key, stored)
}

// Delete removes a record. It is not an error if it does not exist.
func (t *Tx) Delete(table string, key []byte) error {
	_, old, err := t.get(table, key)
	if err != nil || old == nil {
		return err
	}
	t.state.remove(old)
	return t.tx.Bucket([]byte(tablePrefix + table)).Delete(key)
}

// Scan calls a function for each record whose key begins with the prefix, in the order
// of the keys, until it returns an error. Key and value are valid during the
// transaction. The function must not write.
func (t *Tx) Scan(table string, prefix []byte, do func(key, value []byte) error) error {
	b := t.tx.Bucket([]byte(tablePrefix + table))
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, stored := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, stored = c.Next() {
		value, err := unseal(tablePrefix+table, k, stored)
		if err != nil {
			return err
		}
		if err := do(k, value); err != nil {
			return err
		}
	}
	return nil
}

// Has reports whether there is a record, without checking it.
func (t *Tx) Has(table string, key []byte) bool {
	b := t.tx.Bucket([]byte(tablePrefix + table))
	return b != nil && b.Get(key) != nil
}

// Keys calls a function for each key that begins with the prefix, beginning at from if that
// is not nil, in order, until it returns an error. Their records are not checked. A key is
// valid during the transaction.
func (t *Tx) Keys(table string, prefix, from []byte, do func(key []byte) error) error {
	b := t.tx.Bucket([]byte(tablePrefix + table))
	if b == nil {
		return nil
	}
	c := b.Cursor()
	if from == nil {
		from = prefix
	}
	for k, _ := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if err := do(k); err != nil {
			return err
		}
	}
	return nil
}
