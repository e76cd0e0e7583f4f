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

// A journal that an earlier version left is settled after an upgrade. Those in testdata
// have the same intents, which journal-1.json has as the first version read them: its
// runs were cut off while they carried a message: there and back, by FullAccess and by
// Impersonation, by Message-ID and by criteria. The files are journal-1.bolt, in the
// format of 2026-11-25, without checksums, and journal-2.bolt, in that of 2026-11-29,
// in which four more were begun and finished.
func TestJournalOfEarlierVersion(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/journal-1.json")
	require.NoError(t, err)
	for _, name := range []string{"journal-1.bolt", "journal-2.bolt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []quarantine.Intent
			require.NoError(t, json.Unmarshal(text, &want))
			require.Len(t, want, 8)
			file, err := os.ReadFile(filepath.Join("testdata", name))
			require.NoError(t, err)
			path := filepath.Join(t.TempDir(), "journal")
			require.NoError(t, os.WriteFile(path, file, 0o600))
			for range 2 { // the second time as it was upgraded
				got, err := read(t, path)
				require.NoError(t, err)
				assert.Equal(t, want, got)
				again, err := json.Marshal(got)
				require.NoError(t, err)
				assert.JSONEq(t, string(text), string(again), "nothing is passed over")
			}
			settled(t, path)
		})
	}
}

// settled finishes each of the eight intents.
func settled(t *testing.T, path string) {
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	got, err := openIntents(t.Context(), j)
	require.NoError(t, err)
	kinds := map[driver.Direction]map[bool]int{driver.ToQuarantine: {}, driver.ToUser: {}}
	for _, in := range got {
		kinds[in.Direction][in.Target.Criteria.IsZero()]++
		require.NoError(t, in.Target.Validate())
		same, err := j.FindTarget(t.Context(), in.Target)
		require.NoError(t, err)
		assert.Contains(t, same, in)
		require.NoError(t, finish(j, in.Operation))
	}
	assert.Equal(t, map[driver.Direction]map[bool]int{driver.ToQuarantine: {true: 2, false: 2}, driver.ToUser: {true: 2, false: 2}}, kinds)
	got, err = openIntents(t.Context(), j)
	require.NoError(t, err)
	assert.Empty(t, got, "finished")
}
