package boltjournal

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The tables of a journal: the intents by operation, and the operations by target. The
// receipts of campaigns are stored by campaign and target: see marks.go.
const (
	intentsTable   = "intents"
	targetsTable   = "targets"
	campaignsTable = "campaigns"
)

// format is the format of version 3. Version 2 had no campaigns, and in version 1 the
// intents were JSON, keyed by operation.
var format = sealedfile.Format{
	Kind: "journal", Version: 3, Tables: []string{intentsTable, targetsTable, campaignsTable},
	Earlier: []string{"intents"}, Adopt: adopt,
}

// An intent is stored as its time, the key of its target, and JSON, so that lists can be
// made and entries removed without reading the JSON.
const (
	timeSize   = 12 // seconds since 1970, nanoseconds; big endian
	targetSize = 16
)

// record is an intent as stored.
type record struct {
	operation, target []byte
	stored            []byte
}

func newRecord(in quarantine.Intent) (r record, err error) {
	text, err := json.Marshal(in)
	if err != nil {
		return r, err
	}
	if r.target, err = targetKey(in.Target); err != nil {
		return r, err
	}
	r.operation = []byte(in.Operation)
	r.stored = binary.BigEndian.AppendUint64(nil, uint64(in.At.Unix()))
	r.stored = binary.BigEndian.AppendUint32(r.stored, uint32(in.At.Nanosecond()))
	r.stored = append(append(r.stored, r.target...), text...)
	return r, nil
}

// targetKey returns the prefix of the keys of a target.
func targetKey(t quarantine.Target) ([]byte, error) { return hex.DecodeString(t.Key()) }

// put writes an intent, replacing one with the same operation.
func put(tx *sealedfile.Tx, r record) error {
	if err := remove(tx, string(r.operation)); err != nil {
		return err
	}
	if err := tx.Put(intentsTable, r.operation, r.stored); err != nil {
		return err
	}
	return tx.Put(targetsTable, slices.Concat(r.target, r.operation), nil)
}

// remove removes an intent.
func remove(tx *sealedfile.Tx, operation string) error {
	stored, err := tx.Get(intentsTable, []byte(operation))
	if err != nil || stored == nil {
		return err
	}
	if len(stored) < timeSize+targetSize {
		return errShort(operation)
	}
	target := slices.Clone(stored[timeSize : timeSize+targetSize])
	if err := tx.Delete(intentsTable, []byte(operation)); err != nil {
		return err
	}
	return tx.Delete(targetsTable, append(target, operation...))
}

func errShort(operation string) error {
	return fmt.Errorf("intent %q in the journal cannot be read: it is too short", operation)
}

// decode reads a stored intent.
func decode(operation string, stored []byte) (in quarantine.Intent, err error) {
	if len(stored) < timeSize+targetSize {
		return in, errShort(operation)
	}
	if err := json.Unmarshal(stored[timeSize+targetSize:], &in); err != nil {
		return in, fmt.Errorf("intent %q in the journal cannot be read: %w", operation, err)
	}
	return in, nil
}

// adopt takes over an intent of version 1. It has no checksum, but it names the operation
// that is its key.
func adopt(tx *sealedfile.Tx, _ string, operation, text []byte) (known bool, err error) {
	in, err := decodeFirst(operation, text)
	if err != nil {
		return false, nil // Open and Pending report it
	}
	r, err := newRecord(in)
	if err != nil {
		return false, err
	}
	return true, put(tx, r)
}

// decodeFirst reads an intent of version 1.
func decodeFirst(operation, text []byte) (in quarantine.Intent, err error) {
	if err = json.Unmarshal(text, &in); err == nil && in.Operation != string(operation) {
		err = errors.New("it names another operation")
	}
	return in, err
}

// place is the key of an intent and its position among the others.
type place struct {
	at        time.Time
	operation string
}

// places returns all intents, oldest first.
func (j *Journal) places() ([]place, error) {
	var places []place
	err := j.view(func(tx *sealedfile.Tx) error {
		return tx.Scan(intentsTable, nil, func(operation, stored []byte) error {
			if len(stored) < timeSize {
				return errShort(string(operation))
			}
			at := time.Unix(int64(binary.BigEndian.Uint64(stored)), int64(binary.BigEndian.Uint32(stored[8:])))
			places = append(places, place{at, string(operation)})
			return nil
		})
	})
	slices.SortFunc(places, func(a, b place) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.operation, b.operation)
	})
	return places, err
}

// sortIntents sorts intents by time, oldest first.
func sortIntents(intents []quarantine.Intent) {
	slices.SortStableFunc(intents, func(a, b quarantine.Intent) int { return a.At.Compare(b.At) })
}
