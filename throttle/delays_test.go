package throttle_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// TestDelaysLowerTheRate: if all calls take long for their kind, the balance is not what it
// seemed; and if little of it was left, neither is the rate.
func TestDelaysLowerTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: throttle.Budget{MaxBurst: 90 * time.Second}})
		ctx := of2013(t, "MoveItem", "")
		calls := func(n int, took time.Duration) {
			for range n {
				spend(t, l, ctx, "svc", took)
			}
		}
		calls(300, 100*time.Millisecond)
		full := l.State("svc")
		require.Equal(t, 67475*time.Millisecond, full.Balance)
		calls(31, 500*time.Millisecond)
		assert.Equal(t, 67475*time.Millisecond-31*375*time.Millisecond, l.State("svc").Balance, "not yet")
		calls(1, 100*time.Millisecond)
		calls(31, 500*time.Millisecond)
		assert.Greater(t, l.State("svc").Balance, 40*time.Second, "one fast call, and nobody is delayed")
		calls(1, 500*time.Millisecond)
		s := l.State("svc")
		assert.Less(t, s.Balance, 25*time.Second, "halved")
		assert.Equal(t, full.Rate, s.Rate)

		calls(160, 500*time.Millisecond)
		assert.Less(t, l.State("svc").Rate, 0.2, "but now it is")
		require.NoError(t, l.SetBudget("svc", throttle.Budget{MaxBurst: time.Second}))
		time.Sleep(20 * time.Second)
		calls(1, 0)
		assert.Equal(t, time.Second, l.State("svc").Balance)
		assert.Less(t, l.State("svc").Rate, 0.2, "it is not forgotten, although the bucket is full")

		// A server that has become slow is, in the end, not delaying anyone.
		calls(480, 500*time.Millisecond)
		assert.Equal(t, 0.25, l.State("svc").Rate)
		requireNoState(t, l)
		assert.Equal(t, 0.25, l.State("svc").Rate)
	})
}

// TestProbeOnlyWhatIsUsed: a rate that nobody waits for has not been tried.
func TestProbeOnlyWhatIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: throttle.Budget{Probe: true}})
		ctx := of2013(t, "MoveItem", "")
		hold, err := l.Acquire(ctx, "svc") // otherwise the payer is forgotten
		require.NoError(t, err)
		for range 1000 {
			spend(t, l, ctx, "svc", 100*time.Millisecond)
			time.Sleep(time.Second)
		}
		assert.Equal(t, 0.25, l.State("svc").Rate)
		hold(false, 0)
	})
}

// TestTheNetworkIsNotCharged, as far as it is known.
func TestTheNetworkIsNotCharged(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		trips []time.Duration
		want  time.Duration // charged for a call of 100 ms
	}{
		"unknown":     {nil, 100 * ms},
		"too few":     {[]time.Duration{10 * ms, 10 * ms, 10 * ms}, 100 * ms},
		"shortest":    {[]time.Duration{40 * ms, 10 * ms, 1000 * ms, 20 * ms}, 90 * ms},
		"first":       {[]time.Duration{10 * ms, 40 * ms, 1000 * ms, 20 * ms}, 90 * ms},
		"hardly true": {[]time.Duration{1000 * ms, 1000 * ms, 1000 * ms, 1000 * ms}, 50 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &throttle.Options{Budget: throttle.DefaultBudget()})
				for _, trip := range tc.trips {
					spend(t, l, throttle.About(t.Context(), throttle.Call{RoundTrip: trip}), "other", 0)
				}
				ctx := throttle.About(t.Context(), throttle.Call{Operation: "MoveItem"})
				spend(t, l, ctx, "svc", 100*ms)
				begun := time.Now()
				spend(t, l, ctx, "svc", 100*ms)
				l.SetLimit("svc", 1)
				first := l.State("svc").Balance
				spend(t, l, ctx, "svc", 100*ms)
				recharged := time.Duration(float64(100*ms) * l.State("svc").Rate)
				assert.Equal(t, tc.want, first+recharged-l.State("svc").Balance)
				assert.Equal(t, 200*ms, time.Since(begun))
			})
		})
	}
}

// TestTheBalanceStopsAtTheCutOff, where the server stops working.
func TestTheBalanceStopsAtTheCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := small()
		b.CutoffBalance = 5 * time.Second
		l := newLimiter(t, &throttle.Options{Budget: b})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { spend(t, l, t.Context(), "svc", 30*time.Second) })
		}
		wg.Wait()
		assert.Equal(t, -5*time.Second, l.State("svc").Balance)
	})
}

// TestCallsThatCostLessLetOthersGo: what a call in flight was expected to take, and did not,
// is available to the callers that wait, and they have less time left to wait.
func TestCallsThatCostLessLetOthersGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: small()})
		ctx := of2013(t, "MoveItem", "")
		spend(t, l, ctx, "svc", 5*time.Second)
		time.Sleep(2 * time.Second)
		release, err := l.Acquire(ctx, "svc")
		require.NoError(t, err)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			spend(t, l, ctx, "svc", 0)
			assert.Equal(t, 3500*time.Millisecond, time.Since(start))
		})
		synctest.Wait()
		assert.Equal(t, start.Add(8*time.Second), l.Waits()[0].Until)
		time.Sleep(3 * time.Second)
		release(false, 0)
		wg.Wait()
	})
}

// TestReservedCallsWaitForTheRate, and it shows.
func TestReservedCallsWaitForTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 2, Budget: small()})
		ctx, done := reserve(t, l, "svc", "svc")
		spend(t, l, ctx, "svc", 20*time.Second)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { spend(t, l, ctx, "svc", 0) })
		synctest.Wait()
		assert.Equal(t, []throttle.Wait{{Payer: "svc", Callers: 1, Since: start, For: throttle.WaitRate, Until: start.Add(30 * time.Second)}}, l.Waits())
		wg.Wait()
		done()
	})
}

// TestManyMailboxesLeaveNoState: a bucket that is nearly full is forgotten when it is full.
func TestManyMailboxesLeaveNoState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		most := 0
		for i := range 10_000 {
			spend(t, l, of2013(t, "MoveItem", ""), fmt.Sprintf("user%d@example.test", i), 100*time.Millisecond)
			most = max(most, l.Payers())
		}
		assert.LessOrEqual(t, most, 5)
		time.Sleep(time.Second)
		assert.Zero(t, l.Payers())
	})
}
