package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// salvage copies whatever can still be read from a damaged journal into the journal of the
// configuration.
func (s *session) salvage(ctx context.Context, damaged string) error {
	with := slices.DeleteFunc(slices.Clone(s.selected), func(c exchange.Config) bool { return c.JournalFile == "" })
	if len(with) != 1 {
		return usagef("-salvage %s: several configurations have a journalFile; name the one that the file belongs to with -server", damaged)
	}
	path := with[0].JournalFile
	old, err := os.Stat(damaged)
	if err != nil {
		return usagef("-salvage: %w", err)
	}
	if now, err := os.Stat(path); err == nil && os.SameFile(old, now) {
		return usagef("-salvage %s: this is the journalFile itself; move it away first, so that a new one can be created", damaged)
	}
	intents, err := boltjournal.Salvage(damaged)
	if err != nil {
		return usagef("-salvage: %w", err)
	}
	if err := beginAll(ctx, path, intents); err != nil {
		return usagef("journalFile: %w", err)
	}
	s.say("%s of %s could be read; for what could not, run the same targets again", count(len(intents), "item"), damaged)
	return nil
}

// beginAll writes intents into a journal, except for those already in it.
func beginAll(ctx context.Context, path string, intents []quarantine.Intent) (err error) {
	j, err := boltjournal.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	for _, in := range intents {
		_, known, err := j.FindOperation(ctx, in.Operation)
		if err == nil && !known {
			_, err = j.Begin(ctx, in, "ewsq", time.Minute) // the claim ends when the journal is closed
		}
		if err != nil {
			return err
		}
	}
	return nil
}
