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

// A process crashes after it has sent a message, and its configuration is changed to
// another quarantine mailbox. The recovery leaves that message alone, since it would look
// for it at the wrong end, and says which mailbox it needs; with that mailbox, it finishes.
func TestRecoverWithAnotherQuarantineMailbox(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				from := map[driver.Direction]string{driver.ToQuarantine: alice, driver.ToUser: vault}[d]
				crashed := false
				journal := &quarantine.MemoryJournal{}
				options := &quarantine.Options{Journal: journal}
				s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(_ context.Context, c *detour.Call) {
					if crashed {
						c.Fail(errCrashed)
						return
					}
					if c.Act(); c.Kind == detour.Carry && c.Box == from {
						crashed = true
						c.Fail(errCrashed)
					}
				}), vault, options)
				require.NoError(t, err)
				_, err = s.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				if d == driver.ToUser {
					_, err := s.RestoreMessage(t.Context(), theTarget)
					require.NoError(t, err)
				}
				require.True(t, crashed)
				time.Sleep(time.Hour)

				before := x.Clone()
				other, err := quarantine.New(x.Strategy(way), bob, options)
				require.NoError(t, err)
				for r, err := range other.Recover(t.Context()) {
					require.NoError(t, err)
					assert.Equal(t, quarantine.Failed, r.Outcome())
					assert.ErrorContains(t, r.Err(), vault)
				}
				assert.Equal(t, before.Objects, x.Objects)
				left, err := openIntents(t.Context(), journal)
				require.NoError(t, err)
				require.Len(t, left, 1)

				same, err := quarantine.New(x.Strategy(way), vault, options)
				require.NoError(t, err)
				for r, err := range same.Recover(t.Context()) {
					require.NoError(t, err)
					assert.NoError(t, r.Err())
				}
				assert.Empty(t, x.In(from, false))
				assert.Equal(t, 1, len(x.In(alice, false))+len(x.In(vault, false)))
				left, err = openIntents(t.Context(), journal)
				require.NoError(t, err)
				assert.Empty(t, left)
			})
		}
	}
}

// A receipt says that a message was taken to a quarantine mailbox other than the
// service's: that is why it is not found, not because somebody deleted it.
func TestRestoreFromAnotherQuarantineMailbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		s, err := quarantine.New(x.Strategy(driver.WayMove), vault, nil)
		require.NoError(t, err)
		taken, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, taken.Err())

		y := twobox.New(alice, bob)
		other, err := quarantine.New(y.Strategy(driver.WayMove), bob, nil)
		require.NoError(t, err)
		r, err := other.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.Len(t, r.Items, 1)
		assert.Equal(t, quarantine.NotFound, r.Items[0].Outcome)
		assert.ErrorContains(t, r.Err(), vault)
	})
}
