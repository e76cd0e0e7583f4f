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

// A run dies before it marks a message, and its owner files it. The next run takes it under
// another name, and reports that the first attempt has left nothing, which is not a
// failure. If the message is gone, that is a failure, because nothing else reports it.
func TestBegunAndFiledSince(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(*twobox.System, *twobox.Object){
		"filed": (*twobox.System).File, "deleted": (*twobox.System).Purge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				o := x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				journal := &quarantine.MemoryJournal{}
				dies := true
				s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
					if c.Kind == detour.Mark && dies {
						panic("the process is killed")
					}
					c.Act()
				}), vault, &quarantine.Options{Journal: journal})
				require.NoError(t, err)
				assert.Panics(t, func() { _, _ = s.Quarantine(t.Context(), theTarget) })
				dies = false
				then(x, o)
				time.Sleep(24 * time.Hour)
				r, err := s.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				require.Len(t, r.Items, 1)
				if name == "deleted" {
					assert.Equal(t, quarantine.NotFound, r.Items[0].Outcome)
					assert.ErrorContains(t, r.Err(), "nothing of this attempt is in either mailbox")
				} else {
					require.NoError(t, r.Err())
					assert.Equal(t, quarantine.Quarantined, r.Items[0].Outcome)
					assert.Len(t, r.Notes, 1)
				}
				open, err := openIntents(t.Context(), journal)
				require.NoError(t, err)
				assert.Empty(t, open)
			})
		})
	}
}
