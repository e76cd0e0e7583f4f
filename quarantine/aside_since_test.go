package quarantine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A restore was interrupted before it marked the item, which has since been put aside as
// one of two copies. The recovery does not restore it: the user would get both.
func TestPutAsideSinceTheIntent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		journal := &quarantine.MemoryJournal{}
		s, err := quarantine.New(x.Strategy(driver.WayTransfer), vault, &quarantine.Options{Journal: journal})
		require.NoError(t, err)
		_, err = s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		time.Sleep(time.Hour)

		o := x.In(vault, false)[0]
		x.Duplicate(o)
		beginFor(t, journal, quarantine.Intent{
			Operation: o.Stamp.Operation, Direction: driver.ToUser, Target: theTarget, MessageID: theID, At: time.Now(),
			From:    quarantine.Place{Mailbox: vault, ItemID: o.ID, IDs: x.Strategy().System()},
			Attempt: driver.NewOperation(), Lease: time.Now(),
		})
		aside := *o.Stamp
		aside.Direction = driver.Surplus
		o.Stamp = &aside
		time.Sleep(time.Hour)

		for r, err := range s.Recover(t.Context()) {
			require.NoError(t, err)
			assert.Equal(t, quarantine.NotFound, r.Outcome())
		}
		assert.Empty(t, x.In(alice, false))
		r, err := s.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Len(t, x.In(alice, false), 1)
		assert.Equal(t, []*twobox.Object{o}, x.In(vault, false))
		left, err := openIntents(t.Context(), journal)
		require.NoError(t, err)
		assert.Empty(t, left)
	})
}
