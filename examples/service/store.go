package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// store keeps alerts in one file, a bbolt database that only its owner can read. Each
// method is one transaction; what it wrote has been synced to disk when it returns.
// Methods may be called concurrently.
type store struct {
	db   *bbolt.DB
	temp string // directory to remove at the end
}

// Both buckets contain JSON: alerts by id, without results, and results by id,
// action and mailbox, since there may be thousands. An id never contains a slash.
var (
	alertsBucket  = []byte("alerts")
	resultsBucket = []byte("results")
)

var errNoAlert = errors.New("no alert has that id")

// openStore opens the store in a directory. Without a directory the file is unlinked
// at once, if the system allows it, and is gone when the process ends.
func openStore(dir string, log *slog.Logger) (s *store, err error) {
	s = new(store)
	if dir == "" {
		log.Warn("without -data, alerts are lost when the service ends")
		dir, err = os.MkdirTemp("", "ewsq-service-")
		s.temp = dir
	} else {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("-data: %w", err)
	}
	path := filepath.Join(dir, "alerts.db")
	s.db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("-data: %s is in use by another process; stop it, or give each process its own directory", path)
	}
	if err != nil {
		return nil, fmt.Errorf("-data: opening %s: %w", path, err)
	}
	if s.temp != "" {
		_ = os.RemoveAll(s.temp)
	}
	s.db.MaxBatchDelay = time.Millisecond // results that come together share one sync
	err = s.db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(alertsBucket)
		_, err2 := tx.CreateBucketIfNotExists(resultsBucket)
		return errors.Join(err, err2)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("-data: preparing %s: %w", path, err), s.close())
	}
	return s, nil
}

func (s *store) close() error {
	err := s.db.Close()
	if s.temp != "" {
		err = errors.Join(err, os.RemoveAll(s.temp))
	}
	return err
}

// create stores a new alert. If there already is one with that id, it is returned and
// fresh is false.
func (s *store) create(a alert) (kept alert, fresh bool, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		kept, err = readAlert(tx, a.ID)
		if fresh = errors.Is(err, errNoAlert); fresh {
			kept, err = a, put(tx, alertsBucket, []byte(a.ID), a)
		}
		return err
	})
	return kept, fresh, err
}

// update changes an alert, but not its results, unless change fails.
func (s *store) update(id string, change func(*alert) error) (a alert, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		if a, err = readAlert(tx, id); err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		return put(tx, alertsBucket, []byte(id), a)
	})
	return a, err
}

// putResult stores the result for one mailbox, replacing any earlier one.
func (s *store) putResult(id string, what action, r result) error {
	return s.db.Batch(func(tx *bbolt.Tx) error { return put(tx, resultsBucket, resultKey(id, what, r.Mailbox), r) })
}

// find returns an alert without its results. The error matches errNoAlert if the
// alert does not exist.
func (s *store) find(id string) (a alert, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error { a, err = readAlert(tx, id); return err })
	return a, err
}

// get is find with the results, sorted by address.
func (s *store) get(id string) (a alert, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		if a, err = readAlert(tx, id); err != nil {
			return err
		}
		for _, what := range []action{actionQuarantine, actionRestore} {
			prefix := resultKey(id, what, "")
			c := tx.Bucket(resultsBucket).Cursor()
			for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
				var r result
				if err := json.Unmarshal(v, &r); err != nil {
					return fmt.Errorf("result %q cannot be read: %w", k, err)
				}
				*a.resultsOf(what) = append(*a.resultsOf(what), r)
			}
		}
		return nil
	})
	return a, err
}

// open returns the ids of the alerts that are not done, oldest first.
func (s *store) open() (ids []string, err error) {
	var open []alert
	err = s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(alertsBucket).ForEach(func(id, _ []byte) error {
			a, err := readAlert(tx, string(id))
			if a.State != stateDone {
				open = append(open, a)
			}
			return err
		})
	})
	slices.SortFunc(open, func(a, b alert) int { return a.Received.Compare(b.Received) })
	for _, a := range open {
		ids = append(ids, a.ID)
	}
	return ids, err
}

func resultKey(id string, what action, mailbox string) []byte {
	return []byte(id + "/" + string(what) + "/" + mailbox)
}

func readAlert(tx *bbolt.Tx, id string) (a alert, err error) {
	text := tx.Bucket(alertsBucket).Get([]byte(id))
	if text == nil {
		return a, errNoAlert
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("alert %q cannot be read: %w", id, err)
	}
	return a, nil
}

func put(tx *bbolt.Tx, bucket, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Bucket(bucket).Put(key, text)
}
