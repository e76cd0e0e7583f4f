//go:build unix

package quarantine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// TestCrashMany kills a process in the middle of a run over many messages, four
// at a time, and has another one recover and run the same again; then it does
// the same with the restore of all of them.
func TestCrashMany(t *testing.T) {
	t.Parallel()
	for i, a := range crashAccesses {
		messages := 12
		switch {
		case wholeCrash():
			messages = 20
		case i%4 != 0:
			continue
		}
		if *crashAll || *whole && a.impersonation && a.way == quarantine.WayTransfer {
			messages = 200
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			doubt := shortDoubt
			for !crashMany(t, a, messages, doubt) && assert.Less(t, doubt, mostDoubt, "no run was killed in the middle") {
				doubt *= 4
			}
		})
	}
}

// crashMany is TestCrashMany for an access. It returns false if a process was not killed
// in the middle of its work, which can happen if everything is slow.
func crashMany(t *testing.T, a crashAccess, messages int, doubt time.Duration) bool {
	t.Helper()
	s, err := newScene(t.Context(), t.TempDir(), a, quarantining, messages, doubt)
	require.NoError(t, err)
	defer s.close()
	for _, s.action = range []action{quarantining, restoring} {
		struck, err := s.fell(t.Context(), s.ask(true), deathBlow{strike: &strike{carrying[a.way], messages / 2, acted, 0}})
		if errors.Is(err, errNotReached) || err == nil && !struck {
			return false
		}
		require.NoError(t, err)
		left := make(map[string]int)
		for _, c := range s.look() {
			left[s.end(c)]++
		}
		assert.Zero(t, left[nowhere])

		v, err := s.settled(t.Context(), true, true)
		require.NoError(t, err)
		assert.Empty(t, v.problems)
		t.Logf("%s, %s, killed: %d at the source, %d at both ends, %d at the destination, %d intents; recovered: %d lost, %d doubled",
			a.name, s.action, left[atSource], left[atBoth], left[atDestination], len(v.open), v.lost, v.doubled)
		if left[atSource] == 0 || left[atDestination] == 0 {
			return false
		}
		assert.NotEmpty(t, v.open, "the run was killed in the middle")
		s.receipts = v.done // they report that everything is in quarantine already
	}
	return true
}
