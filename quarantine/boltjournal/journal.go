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

// ErrInUse reports that another process has the journal file open (test with
// errors.Is).
var ErrInUse = errors.New("quarantine: the journal is in use by another process")

// Journal is a [quarantine.Journal] in a single file, a bbolt database. When
// Begin returns, the intent has been synced to disk. The file holds addresses,
// Message-IDs and folder names, never content or credentials, and only its
// owner can read it.
type Journal struct{ db *bbolt.DB }

// intentsBucket holds the intents as JSON, keyed by operation.
var intentsBucket = []byte("intents")

// Open opens a journal file, creating it if it is missing. Only one process at
// a time can have it open: if another one still does after a second, the error
// matches [ErrInUse]. The caller must close the journal.
func Open(path string) (*Journal, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %q: stop the other process or use a different file", ErrInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the journal %q: %w", path, err)
	}
	// Concurrent calls share one sync of the disk.
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

// Begin writes an intent and returns once it has been synced to disk.
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

// Finish removes an intent. It is not an error if the intent does not exist.
func (j *Journal) Finish(_ context.Context, operation string) error {
	return j.db.Batch(func(tx *bbolt.Tx) error {
		return tx.Bucket(intentsBucket).Delete([]byte(operation))
	})
}

// Open returns the unfinished intents, oldest first. If some cannot be read,
// the error names them, and the others are returned with it.
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
