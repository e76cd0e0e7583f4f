package boltjournal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// ErrInUse matches a journal file that another process has open.
var ErrInUse = errors.New("quarantine: the journal is in use by another process")

// Journal is a [quarantine.Journal] in one file, a bbolt database. Every intent is on
// the disk, synced, when Begin returns. The file holds addresses, Message-IDs
// and folder names, never content or credentials, and is readable by its owner
// only.
type Journal struct{ db *bbolt.DB }

// intentsBucket holds the intents, by operation, as JSON.
var intentsBucket = []byte("intents")

// Open opens a journal file, creating it if it is missing. One process
// at a time can have it open: the error matches [ErrInUse] if another
// does. The caller must close it.
func Open(path string) (*Journal, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %q: stop the other one, or give each a file of its own", ErrInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the journal %q: %w", path, err)
	}
	// Workers that begin at the same time share one sync of the disk.
	db.MaxBatchDelay = time.Millisecond
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(intentsBucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the journal %q: %w", path, err), db.Close())
	}
	return &Journal{db: db}, nil
}

// Begin writes an intent and returns when it is on the disk.
func (j *Journal) Begin(ctx context.Context, in quarantine.Intent) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return j.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(intentsBucket).Put([]byte(in.Operation), b)
	})
}

// Finish takes an intent away.
func (j *Journal) Finish(_ context.Context, operation string) error {
	return j.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(intentsBucket).Delete([]byte(operation))
	})
}

// Open returns the intents that were not finished, oldest first. The error names
// those that cannot be read; the others are returned with it.
func (j *Journal) Open(context.Context) ([]quarantine.Intent, error) {
	var intents []quarantine.Intent
	var unread []error
	err := j.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(intentsBucket).ForEach(func(operation, b []byte) error {
			var in quarantine.Intent
			if err := json.Unmarshal(b, &in); err != nil {
				unread = append(unread, fmt.Errorf("intent %q in the journal cannot be read: %w", operation, err))
				return nil
			}
			intents = append(intents, in)
			return nil
		})
	})
	slices.SortStableFunc(intents, func(a, b quarantine.Intent) int { return a.At.Compare(b.At) })
	return intents, errors.Join(append(unread, err)...)
}

// Close closes the file.
func (j *Journal) Close() error { return j.db.Close() }
