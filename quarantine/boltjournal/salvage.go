package boltjournal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Salvage returns the intents that can still be read of a file that [Open] refuses with
// [ErrDamaged], oldest first. It does not change the file. Some may be missing, for
// which the same targets have to be asked for again; others may have been finished
// before, which does no harm: begin them in a new journal, and [quarantine.Service.Recover]
// looks at both mailboxes before it does anything. Each has the checksum with which it
// was written, except in files of the first version, which had none.
//
// What campaigns have finished is not among it: their targets are asked for again, which
// changes nothing.
//
// If nothing can be read, no intents are returned. An error says that the file could
// not be read at all, or that it is not a journal but text, or the file of another program.
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
