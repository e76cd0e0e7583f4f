package boltjournal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A journal that an earlier version left is settled after an upgrade. The one of
// testdata/journal-1.bolt was written by the version of 2026-11-25, whose runs
// were cut off while they carried a message: there and back, by FullAccess and by
// Impersonation, by Message-ID and by criteria. journal-1.json has the intents as
// that version read them.
func TestJournalOfEarlierVersion(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/journal-1.bolt")
	require.NoError(t, err)
	text, err := os.ReadFile("testdata/journal-1.json")
	require.NoError(t, err)
	var want []quarantine.Intent
	require.NoError(t, json.Unmarshal(text, &want))
	require.Len(t, want, 8)

	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	got, err := j.Open(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, got)
	again, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(again), "nothing is passed over")

	kinds := map[driver.Direction]map[bool]int{driver.ToQuarantine: {}, driver.ToUser: {}}
	for _, in := range got {
		kinds[in.Direction][in.Target.Criteria.IsZero()]++
		require.NoError(t, in.Target.Validate())
		require.NoError(t, j.Finish(t.Context(), in.Operation))
	}
	assert.Equal(t, map[driver.Direction]map[bool]int{driver.ToQuarantine: {true: 2, false: 2}, driver.ToUser: {true: 2, false: 2}}, kinds)
	got, err = j.Open(t.Context())
	require.NoError(t, err)
	assert.Empty(t, got, "finished")
}
