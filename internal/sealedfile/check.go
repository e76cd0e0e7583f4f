package sealedfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// check reads a whole file without mapping it. The result fresh reports that it has no
// sealed records yet, because an earlier version wrote it.
func check(file io.ReaderAt, size int64, f Format) (fresh bool, err error) {
	h, err := newest(file, size)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var said, counted state
	haveState := false
	w := newWalk(file, h)
	w.record = func(bucket string, key, value []byte) error {
		switch {
		case bucket == string(stateBucket):
			if haveState || !bytes.Equal(key, stateKey) {
				return fmt.Errorf("%w: there is a record %q beside the state", ErrDamaged, key)
			}
			said, err = parseState(value, f)
			haveState = true
			return err
		case slices.Contains(f.tables(), bucket):
			if _, err := unseal(bucket, key, value); err != nil {
				return err
			}
			counted.add(value)
		}
		return nil
	}
	if err := w.run(); err != nil {
		if errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) || errors.Is(err, ErrOther) {
			return false, err
		}
		return false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	sealedTables := false
	for _, b := range w.buckets {
		switch {
		case b == string(stateBucket):
		case slices.Contains(f.tables(), b):
			sealedTables = true
		case !slices.Contains(f.Earlier, b):
			return false, fmt.Errorf("%w: it has the table %q", ErrOther, b)
		}
	}
	if !haveState {
		if sealedTables || slices.Contains(w.buckets, string(stateBucket)) {
			return false, fmt.Errorf("%w: number and digest of its records are missing", ErrDamaged)
		}
		// Without a digest, pages are all there is to go by.
		if err := w.leftOver(); err != nil {
			return false, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return true, nil
	}
	if said.records != counted.records {
		return false, fmt.Errorf("%w: it should have %d records and has %d", ErrDamaged, said.records, counted.records)
	}
	if said.digest != counted.digest {
		return false, fmt.Errorf("%w: its records are not those that were written last", ErrDamaged)
	}
	return false, nil
}
