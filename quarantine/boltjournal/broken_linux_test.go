package boltjournal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/filetest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// After a sync has failed, each call fails and says what to do. Once that has been done,
// every acknowledged intent is there.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	for n := range 5 {
		require.NoError(t, begin(j, intent(n)))
	}
	require.NoError(t, finish(j, intent(0).Operation))
	filetest.Redirect(t, path, os.DevNull, os.O_RDWR) // it cannot be synced

	err = begin(j, intent(5))
	require.ErrorIs(t, err, boltjournal.ErrBroken)
	require.NotErrorIs(t, err, boltjournal.ErrFull)
	_, openErr := openIntents(t.Context(), j)
	_, _, findErr := j.FindOperation(t.Context(), intent(2).Operation)
	_, targetErr := j.FindTarget(t.Context(), quarantine.Target{})
	for _, err := range []error{err, openErr, findErr, targetErr, finish(j, intent(1).Operation)} {
		require.ErrorIs(t, err, boltjournal.ErrBroken)
		assert.ErrorContains(t, err, path)
		assert.ErrorContains(t, err, "open it again")
	}
	require.NoError(t, j.Close())
	got, err := read(t, path)
	require.NoError(t, err)
	assert.Equal(t, intents(1, 5), got)
}
