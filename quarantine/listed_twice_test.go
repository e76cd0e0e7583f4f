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

// A search that lists each item twice under one id, as when a message arrives between two
// of its pages, shows one item: the only copy in quarantine is not put aside.
func TestEverythingListedTwice(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		synctest.Test(t, func(t *testing.T) {
			x := twobox.New(alice, vault)
			for range 2 {
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
			}
			s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(_ context.Context, c *detour.Call) {
				c.Act()
				if c.Kind == detour.Find {
					c.Answer.Found.Items = append(c.Answer.Found.Items, c.Answer.Found.Items...)
				}
			}), vault, &quarantine.Options{Journal: &quarantine.MemoryJournal{}})
			require.NoError(t, err)
			target := quarantine.Target{Mailbox: alice, MessageID: theID}
			for range 2 {
				r, err := s.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, r.Err())
				assert.Len(t, r.Items, 2)
				assert.Len(t, x.In(vault, false), 2)
				for _, o := range x.In(vault, false) {
					assert.Equal(t, driver.ToQuarantine, o.Stamp.Direction)
				}
				time.Sleep(time.Hour)
			}
			n := 0
			for _, err := range s.List(t.Context(), quarantine.ListRequest{}) {
				require.NoError(t, err)
				n++
			}
			assert.Equal(t, 2, n)
			r, err := s.RestoreMessage(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Len(t, r.Items, 2)
			assert.Len(t, x.In(alice, false), 2)
			assert.Empty(t, x.In(vault, false))
		})
	}
}

// A driver may search more folders than it must, and a folder that is searched again
// shows what it has shown before.
func TestFolderSearchedTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		for range 2 {
			x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		}
		first, err := quarantine.New(x.Strategy(driver.WayMove), vault, nil)
		require.NoError(t, err)
		target := quarantine.Target{Mailbox: alice, MessageID: theID}
		r, err := first.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		time.Sleep(time.Hour)
		then, err := quarantine.New(x.Strategy(driver.WayMove), vault, &quarantine.Options{FolderPerMailbox: true})
		require.NoError(t, err)
		r, err = then.RestoreMessage(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Len(t, r.Items, 2)
		assert.Len(t, x.In(alice, false), 2)
		assert.Empty(t, x.In(vault, false))
	})
}
