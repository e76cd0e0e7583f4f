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
