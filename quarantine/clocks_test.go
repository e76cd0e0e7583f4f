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

// The clock of one of two machines is two hours ahead, as with a wrong time zone. The other
// one does not mistake its stamps for forged ones, at whatever call the two meet: there is
// one copy.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for at, met := 1, true; met; at++ {
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				opts := &quarantine.Options{Journal: &quarantine.MemoryJournal{}}
				right, err := quarantine.New(x.Strategy(way), vault, opts)
				require.NoError(t, err)
				calls := 0
				ahead, err := quarantine.New(detour.Strategy(x.Strategy(way), func(ctx context.Context, c *detour.Call) {
					if calls++; calls == at {
						_, err := right.Quarantine(ctx, theTarget)
						assert.NoError(t, err)
					}
					c.Act()
					for _, o := range x.In(alice, false) {
						if c.Kind == detour.Mark && c.Change.Stamp != nil && o.Stamp != nil && o.Stamp.Attempt == c.Change.Stamp.Attempt {
							late := *o.Stamp
							late.Lease = late.Lease.Add(2 * time.Hour)
							o.Stamp = &late
						}
					}
				}), vault, opts)
				require.NoError(t, err)
				_, err = ahead.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				met = calls >= at
				time.Sleep(4 * time.Hour)
				r, err := right.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				assert.NoError(t, r.Err())
				assert.Empty(t, x.In(alice, false), "%s, call %d", way, at)
				assert.Len(t, x.In(vault, false), 1, "%s, call %d", way, at)
			})
		}
	}
}
