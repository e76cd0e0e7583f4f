package fleet_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// Two workers that each need everything take turns: neither keeps a half that it cannot
// use.
func TestReserveByTurns(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 2 {
		l := newLimiter(t, config, unlimited(2))
		for range 2 {
			wg.Go(func() {
				for range 2 {
					_, done, err := l.Reserve(ctx, "svc", "svc")
					if !assert.NoError(t, err) {
						return
					}
					time.Sleep(120 * time.Millisecond) // longer than Refresh
					done()
				}
			})
		}
	}
	wg.Wait()
}

// After a rest, no more calls are made in a burst than the rate allows, even if workers had
// asked for some in advance.
func TestRateAfterARest(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	payers := map[string]fleet.Share{"svc": {Concurrency: 60, Rate: fleet.Rate{Calls: 10, Per: 2 * time.Second}}}
	var limiters [3]*fleet.Limiter
	for i := range limiters {
		limiters[i] = newLimiter(t, config, payers)
		release, err := limiters[i].Acquire(t.Context(), "svc") // in flight until the end
		require.NoError(t, err)
		defer release(false, 0)
	}
	time.Sleep(2500 * time.Millisecond)
	var m meter
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	begun := time.Now()
	for _, l := range limiters {
		wg.Go(func() { m.work(ctx, l, "svc", 10, time.Millisecond) })
	}
	wg.Wait()
	most := 10 + 5*time.Since(begun).Seconds()
	t.Logf("%d calls, %v allowed", m.all.Load(), most)
	assert.LessOrEqual(t, float64(m.all.Load()), most)
	assert.GreaterOrEqual(t, m.all.Load(), int64(5))
}
