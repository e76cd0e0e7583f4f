package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
)

// store keeps alerts in one file that only its owner can read. The whole file is checked when
// it is opened: a damaged file is refused, so that no alert goes missing silently. Each method
// is one transaction; its writes have been synced to disk when it returns. Methods may be
// called concurrently.
type store struct {
	file *sealedfile.File
	temp string // directory to remove at the end

	probing sync.Mutex
	probed  time.Time // when the store was last probed
	problem error     // the result of that probe
}

// probeEvery is how long a result of [store.ready] stays valid.
const probeEvery = 5 * time.Second

// probeKey is the key under which [store.ready] stores probeSize bytes; no result has this key.
const (
	probeKey  = "/probe"
	probeSize = 64 << 10
)

// Both tables contain JSON: alerts by id, without results, and results by id,
// action and mailbox, since there may be thousands. An id never contains a slash.
const (
	alertsTable  = "alerts"
	resultsTable = "results"
)

// storeFormat is the format of version 2. Version 1 had the same records without checksums.
var storeFormat = sealedfile.Format{
	Kind: "alerts", Version: 2, Tables: []string{alertsTable, resultsTable},
	Earlier: []string{alertsTable, resultsTable},
	Adopt: func(tx *sealedfile.Tx, table string, key, value []byte) (bool, error) {
		if !json.Valid(value) {
			return false, fmt.Errorf("%w: %q in %s cannot be read", sealedfile.ErrDamaged, key, table)
		}
		return true, tx.Put(table, key, value)
	},
}

var errNoAlert = errors.New("no alert has that id")

// openStore opens the store in a directory. Without a directory, the file is unlinked
// immediately, if the system allows it, and is gone when the process ends.
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
	s.file, err = sealedfile.Open(path, storeFormat)
	switch {
	case errors.Is(err, sealedfile.ErrInUse):
		return nil, fmt.Errorf("-data: %s is in use by another process; stop it, or give each process its own directory", path)
	case errors.Is(err, sealedfile.ErrNewer):
		return nil, fmt.Errorf("-data: %s: %w; run that version of the service, or give this one its own directory", path, err)
	case errors.Is(err, sealedfile.ErrDamaged), errors.Is(err, sealedfile.ErrOther):
		return nil, fmt.Errorf("-data: %s: %w. Move the file away to go on without its alerts: messages that were quarantined stay "+
			"there, and \"ewsq list\" shows them; what was not done by then has to be reported again", path, err)
	case err != nil:
		return nil, fmt.Errorf("-data: opening %s: %w", path, err)
	}
	if s.temp != "" {
		_ = os.RemoveAll(s.temp)
	}
	return s, nil
}

func (s *store) close() error {
	err := s.file.Close()
	if s.temp != "" {
		err = errors.Join(err, os.RemoveAll(s.temp))
	}
	return err
}

// ready returns why an alert cannot be stored now, or nil if it can. It stores something to
// find out, but at most once per probeEvery, since anybody may ask.
func (s *store) ready() error {
	if err := s.file.Broken(); err != nil {
		return err
	}
	s.probing.Lock()
	defer s.probing.Unlock()
	if !s.probed.IsZero() && time.Since(s.probed) < probeEvery {
		return s.problem
	}
	s.problem = s.file.Update(func(tx *sealedfile.Tx) error {
		return tx.Put(resultsTable, []byte(probeKey), make([]byte, probeSize))
	})
	if s.problem == nil {
		s.problem = s.file.Update(func(tx *sealedfile.Tx) error { return tx.Delete(resultsTable, []byte(probeKey)) })
	}
	s.probed = time.Now()
	return s.problem
}

// create stores a new alert. If there already is one with that id, it is returned and
// fresh is false.
func (s *store) create(a alert) (kept alert, fresh bool, err error) {
	err = s.file.Update(func(tx *sealedfile.Tx) error {
		kept, err = readAlert(tx, a.ID)
		if fresh = errors.Is(err, errNoAlert); fresh {
			kept, err = a, put(tx, alertsTable, []byte(a.ID), a)
		}
		return err
	})
	return kept, fresh, err
}

// update changes an alert, but not its results, unless change fails. It may be called
// again with the alert as it was.
func (s *store) update(id string, change func(*alert) error) (a alert, err error) {
	err = s.file.Update(func(tx *sealedfile.Tx) error {
		if a, err = readAlert(tx, id); err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		return put(tx, alertsTable, []byte(id), a)
	})
	return a, err
}

// putResult stores the result for one mailbox, replacing any earlier one.
func (s *store) putResult(id string, what action, r result) error {
	return s.file.Update(func(tx *sealedfile.Tx) error { return put(tx, resultsTable, resultKey(id, what, r.Mailbox), r) })
}

// find returns an alert without its results. The error matches errNoAlert if the
// alert does not exist.
func (s *store) find(id string) (a alert, err error) {
	err = s.file.View(func(tx *sealedfile.Tx) error { a, err = readAlert(tx, id); return err })
	return a, err
}

// get is like find, with the results, sorted by address.
func (s *store) get(id string) (a alert, err error) {
	err = s.file.View(func(tx *sealedfile.Tx) error {
		if a, err = readAlert(tx, id); err != nil {
			return err
		}
		for _, what := range []action{actionQuarantine, actionRestore} {
			err := tx.Scan(resultsTable, resultKey(id, what, ""), func(key, text []byte) error {
				var r result
				if err := json.Unmarshal(text, &r); err != nil {
					return fmt.Errorf("result %q cannot be read: %w", key, err)
				}
				*a.resultsOf(what) = append(*a.resultsOf(what), r)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return a, err
}

// open returns the ids of the alerts that are not done, oldest first.
func (s *store) open() (ids []string, err error) {
	var open []alert
	err = s.file.View(func(tx *sealedfile.Tx) error {
		return tx.Scan(alertsTable, nil, func(id, text []byte) error {
			a, err := parseAlert(string(id), text)
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

func readAlert(tx *sealedfile.Tx, id string) (a alert, err error) {
	text, err := tx.Get(alertsTable, []byte(id))
	if err != nil {
		return a, err
	}
	if text == nil {
		return a, errNoAlert
	}
	return parseAlert(id, text)
}

func parseAlert(id string, text []byte) (a alert, err error) {
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("alert %q cannot be read: %w", id, err)
	}
	return a, nil
}

func put(tx *sealedfile.Tx, table string, key []byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.Put(table, key, text)
}
