package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// Work that is cut short because the time of the job is up is not a failure: another job
// continues it.
func TestSlice(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]ewstest.When{
		"carrying":  {Operation: ews.OpMoveItem, Times: 1},
		"searching": {Operation: ews.OpGetItem, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newCampaignLab(t)
			l.deliver(alice)
			opts := fleet.WorkerOptions{TakeOverAfter: 4 * time.Second, Settle: 300 * time.Millisecond, MaxTries: 1000}
			short := func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(5 * time.Second) }
			taking := l.Fail(slow, ewstest.Slow(4*time.Second))
			_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
			require.NoError(t, err)
			l.work(t, opts, short)
			s := l.done(t, "case-1")
			assert.Equal(t, [2]int{1, 0}, [2]int{s.Taken, s.Problems})
			assert.NotZero(t, taking.Struck())

			putting := l.Fail(slow, ewstest.Slow(4*time.Second))
			require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
			s = l.done(t, "case-1")
			assert.Equal(t, [2]int{1, 0}, [2]int{s.Restored, s.Unrestored})
			assert.NotZero(t, putting.Struck())
			assert.Equal(t, [2]int{1, 0}, [2]int{l.copies(alice), l.copies(kept)})
		})
	}
}
