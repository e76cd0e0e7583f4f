package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A driver panics at a call, before or after the server has acted, and the caller survives
// it: the same service keeps working, nothing hangs, and in the end each message is where
// it belongs, exactly once.
func TestDriverPanics(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for _, back := range []bool{false, true} {
			for _, acts := range []bool{false, true} {
				at := 0
				for panicked := true; panicked; at++ {
					synctest.Test(t, func(t *testing.T) { panicked = panicsAt(t, way, back, acts, at) })
				}
				assert.Greater(t, at, 10, "calls")
			}
		}
	}
}

// panicsAt plays a panic at a call of a quarantine or of a restore, and reports whether
// there was such a call.
func panicsAt(t *testing.T, way driver.Way, back, acts bool, at int) (panicked bool) {
	x := twobox.New(alice, vault)
	for i := range 2 {
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now().Add(time.Duration(i) * time.Hour), Sent: time.Now()})
	}
	journal := &quarantine.MemoryJournal{}
	calls, sound := 0, back
	s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(_ context.Context, c *detour.Call) {
		if calls++; sound || calls != at+1 {
			c.Act()
			return
		}
		if acts {
			c.Act()
		}
		panic("the driver has a fault")
	}), vault, &quarantine.Options{Journal: journal})
	require.NoError(t, err)
	run := func() {
		defer func() { panicked = recover() != nil }()
		r, err := s.Quarantine(t.Context(), theTarget)
		if back && sound && err == nil { // it was taken before the panic was armed
			time.Sleep(time.Hour)
			calls, sound = 0, false
			r, err = s.RestoreMessage(t.Context(), theTarget)
		}
		require.NoError(t, err)
		require.NoError(t, r.Err())
	}
	run()
	was := panicked
	sound = true
	time.Sleep(time.Hour)
	for r, err := range s.Recover(t.Context()) {
		require.NoError(t, err)
		assert.NoError(t, r.Err())
	}
	if from := x.In(vault, false); back && len(from) > 0 {
		_, err = s.RestoreMessage(t.Context(), theTarget)
	} else if !back {
		_, err = s.Quarantine(t.Context(), theTarget)
	}
	require.NoError(t, err)
	user, taken := len(x.In(alice, false)), len(x.In(vault, false))
	if back {
		user, taken = taken, user
	}
	assert.Equal(t, []int{0, 2}, []int{user, taken}, "%s, back %v, acts %v, call %d", way, back, acts, at)
	left, err := openIntents(t.Context(), journal)
	require.NoError(t, err)
	assert.Empty(t, left)
	return was
}
