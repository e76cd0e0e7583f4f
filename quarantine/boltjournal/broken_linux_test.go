package boltjournal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// After a sync has failed, each call fails, and says what to do; after that was done,
// every intent that was acknowledged is there.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	for n := range 5 {
		require.NoError(t, begin(j, intent(n)))
	}
	require.NoError(t, finish(j, intent(0).Operation))
	failSync(t, path)

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

// failSync makes the descriptor of a file lead to a device that cannot be synced.
func failSync(t *testing.T, path string) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer null.Close()
	all, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, d := range all {
		if leads, err := os.Readlink("/proc/self/fd/" + d.Name()); err == nil && leads == path {
			var n int
			_, err := fmt.Sscan(d.Name(), &n)
			require.NoError(t, err)
			require.NoError(t, syscall.Dup3(int(null.Fd()), n, syscall.O_CLOEXEC))
			return
		}
	}
	require.Fail(t, "the file is not open")
}
