package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

var _ ews.Limiter = (*throttle.Limiter)(nil)

func newLimiter(t testing.TB, opts *throttle.Options) *throttle.Limiter {
	t.Helper()
	l, err := throttle.New(opts)
	require.NoError(t, err)
	return l
}

func acquire(t testing.TB, l *throttle.Limiter, payer string) func(bool, time.Duration) {
	t.Helper()
	release, err := l.Acquire(t.Context(), payer)
	require.NoError(t, err)
	return release
}

// call makes one call with the given outcome.
func call(t testing.TB, l *throttle.Limiter, payer string, throttled bool, backOff time.Duration) {
	t.Helper()
	acquire(t, l, payer)(throttled, backOff)
}

func TestNewRefusesBadOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts throttle.Options
		want string
	}{
		"PerPayer":      {throttle.Options{PerPayer: -1}, "PerPayer"},
		"MaxConcurrent": {throttle.Options{MaxConcurrent: -1}, "MaxConcurrent"},
		"BackOffMin":    {throttle.Options{BackOffMin: -1}, "BackOffMin"},
		"BackOffMax":    {throttle.Options{BackOffMax: -1}, "BackOffMax"},
		"MaxPark":       {throttle.Options{MaxPark: -1}, "MaxPark"},
		"order":         {throttle.Options{BackOffMin: 3, BackOffMax: 2}, "BackOffMax"},
		"limit":         {throttle.Options{Limits: map[string]int{"q": 0}}, `Limits["q"]`},
		"twice":         {throttle.Options{Limits: map[string]int{"q": 1, "Q": 2}}, `"q" twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := throttle.New(&tc.opts)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestNewCopiesLimits(t *testing.T) {
	t.Parallel()
	limits := map[string]int{"Q": 3}
	l := newLimiter(t, &throttle.Options{Limits: limits})
	limits["Q"] = 99
	l.SetLimit("other", 5)
	assert.Equal(t, 3, l.State("q").Limit)
	assert.Equal(t, map[string]int{"Q": 99}, limits)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, nil)
	assert.Equal(t, throttle.State{Limit: 8, Allowed: 8}, l.State("anyone"))
}

func TestPayerIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 2, Limits: map[string]int{"Quarantine@Example.test": 3}})
		for payer, want := range map[string]int{"alice@example.test": 2, "QUARANTINE@example.test": 3} {
			running, most := 0, 0
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					release := acquire(t, l, payer)
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					running--
					mu.Unlock()
					release(false, 0)
				})
			}
			wg.Wait()
			assert.Equal(t, want, most, payer)
		}
		assert.Zero(t, l.Payers(), "idle payers are forgotten")
	})
}

func TestPayersAreTakenInAnyCase(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, nil)
	release := acquire(t, l, `EXAMPLE\Svc`)
	assert.Equal(t, 1, l.State(`example\SVC`).InFlight)
	release(false, 0)
}

func TestWaitersAreServedInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1})
		hold := acquire(t, l, "a")
		var order []int
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				release := acquire(t, l, "a")
				order = append(order, i)
				release(false, 0)
			})
			synctest.Wait()
		}
		assert.Equal(t, 50, l.State("a").Waiting)
		hold(false, 0)
		wg.Wait()
		for i, got := range order {
			require.Equal(t, i, got)
		}
	})
}

func TestHintParksOnePayerOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		call(t, l, "alice", true, 5*time.Minute)
		start := time.Now()
		call(t, l, "bob", false, 0)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, start.Add(5*time.Minute), l.State("ALICE").ParkedUntil)
		call(t, l, "alice", false, 0)
		assert.Equal(t, 5*time.Minute, time.Since(start))
		assert.Zero(t, l.State("alice").ParkedUntil)
	})
}

func TestNoSlotIsHandedOutBeforeTheParkEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		a, b := acquire(t, l, "svc"), acquire(t, l, "svc")
		start := time.Now()
		var wg sync.WaitGroup
		a(true, 5*time.Minute)
		for range 10 {
			wg.Go(func() {
				release := acquire(t, l, "svc")
				assert.GreaterOrEqual(t, time.Since(start), 8*time.Minute)
				release(false, 0)
			})
		}
		time.Sleep(3 * time.Minute)
		b(true, 5*time.Minute) // a late refusal extends the park
		wg.Wait()
		assert.Equal(t, 8*time.Minute, time.Since(start))
	})
}

func TestAShorterHintDoesNotShortenThePark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		a, b, c := acquire(t, l, "svc"), acquire(t, l, "svc"), acquire(t, l, "svc")
		start := time.Now()
		a(true, 5*time.Minute)
		b(true, time.Second)
		c(false, 0) // a call started before the refusal proves nothing
		call(t, l, "svc", false, 0)
		assert.Equal(t, 5*time.Minute, time.Since(start))
	})
}

func TestAbsurdHintsAreCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := newLimiter(t, nil)
		call(t, l, "a", true, 1<<62)
		call(t, l, "a", false, 0)
		assert.Equal(t, 30*time.Minute, time.Since(start))

		l = newLimiter(t, &throttle.Options{MaxPark: time.Minute})
		call(t, l, "a", true, time.Hour)
		start = time.Now()
		call(t, l, "a", false, 0)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAHintCountsAsThrottling(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, nil)
	call(t, l, "a", false, time.Minute)
	assert.Equal(t, 4, l.State("a").Allowed)
	call(t, l, "b", false, -time.Minute)
	assert.Equal(t, 8, l.State("b").Allowed)
}

func TestBackOffWithoutHint(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts throttle.Options
		want []time.Duration
	}{
		"least":  {throttle.Options{Jitter: func() float64 { return 0 }}, []time.Duration{10e9, 20e9, 30e9, 30e9}},
		"middle": {throttle.Options{Jitter: func() float64 { return 0.5 }}, []time.Duration{15e9, 30e9, 45e9, 45e9}},
		"own": {throttle.Options{BackOffMin: time.Second, BackOffMax: time.Second, Jitter: func() float64 { return 0 }},
			[]time.Duration{1e9, 1e9}},
		"wide": {throttle.Options{BackOffMin: 1, BackOffMax: 1<<63 - 1, Jitter: func() float64 { return 0 }},
			[]time.Duration{1, 2, 4, 8}},
		"min above the default max": {throttle.Options{BackOffMin: 2 * time.Minute, Jitter: func() float64 { return 0.9 }},
			[]time.Duration{2 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tc.opts.MaxPark = time.Second // does not bound delays without a hint
				l := newLimiter(t, &tc.opts)
				for i, want := range tc.want {
					call(t, l, "a", true, 0)
					assert.Equal(t, i+1, l.State("a").Refusals)
					assert.Equal(t, want, time.Until(l.State("a").ParkedUntil))
					time.Sleep(want)
				}
				call(t, l, "a", false, 0)
				call(t, l, "a", true, 0)
				assert.Equal(t, tc.want[0], time.Until(l.State("a").ParkedUntil), "a successful call ends the series")
			})
		})
	}
}

func TestDelaysStayWithinTheirBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		for range 100 {
			call(t, l, "a", true, 0)
			d := time.Until(l.State("a").ParkedUntil)
			assert.GreaterOrEqual(t, d, 10*time.Second)
			assert.LessOrEqual(t, d, time.Minute)
			time.Sleep(d)
		}
	})
}

func TestOneEventLowersTheBoundOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Jitter: func() float64 { return 0 }})
		var releases []func(bool, time.Duration)
		for range 8 {
			releases = append(releases, acquire(t, l, "a"))
		}
		for _, release := range releases {
			release(true, 0)
		}
		s := l.State("a")
		assert.Equal(t, 4, s.Allowed)
		assert.Equal(t, 1, s.Refusals)
		assert.Equal(t, 10*time.Second, time.Until(s.ParkedUntil))
	})
}

func TestBoundFallsByHalfAndRecoversSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		for _, want := range []int{4, 2, 1, 1} {
			call(t, l, "a", true, time.Second)
			assert.Equal(t, want, l.State("a").Allowed)
		}
		for n := range 7 {
			for range 10 {
				assert.Equal(t, 1+n, l.State("a").Allowed)
				call(t, l, "a", false, 0)
			}
		}
		assert.Equal(t, throttle.State{Limit: 8, Allowed: 8}, l.State("a"))
		assert.Zero(t, l.Payers())
	})
}

func TestALoweredBoundHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 4})
		calls := []func(bool, time.Duration){acquire(t, l, "a"), acquire(t, l, "a"), acquire(t, l, "a"), acquire(t, l, "a")}
		calls[0](true, time.Second)
		time.Sleep(2 * time.Second)
		granted := make(chan func(bool, time.Duration), 1)
		go func() { granted <- acquire(t, l, "a") }()
		for _, release := range calls[1:3] {
			synctest.Wait()
			require.Empty(t, granted, "three, then two are in flight; two are allowed")
			release(false, 0)
		}
		(<-granted)(false, 0)
		calls[3](false, 0)
	})
}

func TestReleaseTwiceIsHarmless(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, nil)
	a, b := acquire(t, l, "a"), acquire(t, l, "a")
	a(false, 0)
	a(true, time.Hour)
	assert.Equal(t, throttle.State{Limit: 8, Allowed: 8, InFlight: 1}, l.State("a"))
	b(false, 0)
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	why := errors.New("the operator went home")
	for name, busy := range map[string]func(*testing.T, *throttle.Limiter){
		"parked": func(t *testing.T, l *throttle.Limiter) { call(t, l, "a", true, time.Minute) },
		"full":   func(t *testing.T, l *throttle.Limiter) { acquire(t, l, "a") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &throttle.Options{PerPayer: 1})
				busy(t, l)
				ctx, cancel := context.WithCancelCause(t.Context())
				start := time.Now()
				time.AfterFunc(time.Second, func() { cancel(why) })
				release, err := l.Acquire(ctx, "a")
				require.ErrorIs(t, err, why)
				assert.Nil(t, release)
				assert.Equal(t, time.Second, time.Since(start))
				assert.Zero(t, l.State("a").Waiting)

				_, err = l.Acquire(ctx, "fresh")
				require.ErrorIs(t, err, why)
			})
		})
	}
}

func TestACancelledWaiterLosesNoSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1, MaxConcurrent: 1})
		for range 200 {
			hold := acquire(t, l, "a")
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if release, err := l.Acquire(ctx, "a"); err == nil {
					release(false, 0)
				}
			})
			synctest.Wait()
			wg.Go(cancel)
			wg.Go(func() { hold(false, 0) })
			wg.Wait()
			call(t, l, "a", false, 0)
		}
		assert.Zero(t, l.Payers())
	})
}

func TestIdlePayersAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		for i := range 100_000 {
			call(t, l, fmt.Sprintf("user%d@example.test", i), false, 0)
		}
		assert.Zero(t, l.Payers())

		for i := range 1000 {
			call(t, l, fmt.Sprintf("user%d@example.test", i), true, 5*time.Minute)
		}
		time.Sleep(14 * time.Minute)
		assert.Equal(t, 1000, l.Payers(), "throttled payers are remembered for a while")
		assert.Equal(t, 4, l.State("user7@example.test").Allowed)
		time.Sleep(time.Minute)
		call(t, l, "user7@example.test", false, 0)
		assert.Zero(t, l.Payers())
	})
}

func TestAPayerInUseIsNotForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		call(t, l, "a", true, time.Minute)
		time.Sleep(2 * time.Minute)
		release := acquire(t, l, "a")
		time.Sleep(time.Hour)
		assert.Equal(t, throttle.State{Limit: 8, Allowed: 4, InFlight: 1}, l.State("a"))
		release(false, 0)
		time.Sleep(9 * time.Minute)
		assert.Equal(t, 4, l.State("a").Allowed)
		time.Sleep(time.Minute)
		assert.Zero(t, l.Payers())
	})
}

func TestSetLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1})
		first := acquire(t, l, "svc")
		granted := make(chan func(bool, time.Duration), 1)
		go func() { granted <- acquire(t, l, "svc") }()
		synctest.Wait()
		require.Empty(t, granted)
		l.SetLimit("SVC", throttle.LimitServiceAccount2013)
		(<-granted)(true, time.Second)
		assert.Equal(t, 10, l.State("svc").Allowed)
		l.SetLimit("svc", 30)
		assert.Equal(t, 10, l.State("svc").Allowed, "a lowered bound recovers by itself")
		l.SetLimit("svc", 5)
		assert.Equal(t, throttle.State{Limit: 5, Allowed: 5, InFlight: 1}, without(l.State("svc")))
		first(false, 0)
		l.SetLimit("new", -3)
		assert.Equal(t, 1, l.State("new").Limit)
	})
}

func without(s throttle.State) throttle.State {
	s.ParkedUntil = time.Time{}
	return s
}

func TestOnPark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l *throttle.Limiter
		var parks []throttle.ParkEvent
		l = newLimiter(t, &throttle.Options{
			Jitter: func() float64 { return 0 },
			OnPark: func(p throttle.ParkEvent) {
				parks = append(parks, p)
				l.State(p.Payer) // no lock is held
			},
		})
		start := time.Now()
		a, b := acquire(t, l, "Alice"), acquire(t, l, "Alice")
		a(true, time.Minute)
		b(true, time.Second) // changes nothing
		time.Sleep(time.Minute)
		call(t, l, "alice", true, 0)
		assert.Equal(t, []throttle.ParkEvent{
			{Payer: "alice", Until: start.Add(time.Minute), For: time.Minute, Hinted: true, Allowed: 4},
			{Payer: "alice", Until: start.Add(70 * time.Second), For: 10 * time.Second, Allowed: 2},
		}, parks)
	})
}
