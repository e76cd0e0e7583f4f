package boltjournal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Salvage returns the intents that can still be read from a file that [Open] refuses with
// [ErrDamaged], oldest first. It does not change the file. Some intents may be missing,
// and their targets have to be requested again. Others may already have been finished,
// which does no harm: begin them in a new journal, and [quarantine.Service.Recover] looks
// at both mailboxes before it does anything. Each intent has the checksum that it was
// written with, except in files of the first version, which had none.
//
// The receipts of campaigns are not included: finished targets are requested again, which
// changes nothing.
//
// If nothing can be read, Salvage returns no intents. An error means that the file could
// not be read at all, or that it is not a journal but text, or the file of another
// program.
func Salvage(path string) ([]quarantine.Intent, error) {
	var intents []quarantine.Intent
	seen := make(map[string]bool)
	err := sealedfile.Salvage(path, format, func(table string, key, value []byte) {
		if seen[string(key)] || table == targetsTable || table == campaignsTable {
			return
		}
		read := decodeFirst
		if table == intentsTable {
			read = func(key, value []byte) (quarantine.Intent, error) { return decode(string(key), value) }
		}
		if in, err := read(key, value); err == nil {
			seen[in.Operation] = true
			intents = append(intents, in)
		}
	})
	sortIntents(intents)
	if errors.Is(err, sealedfile.ErrOther) {
		return intents, fmt.Errorf("%q is not a journal: %s; give the file that was the journal", path, strings.TrimPrefix(err.Error(), sealedfile.ErrOther.Error()+": "))
	}
	if err != nil {
		return intents, fmt.Errorf("reading the journal %q: %w", path, err)
	}
	return intents, nil
}
