package throttle_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func reserve(t testing.TB, l *throttle.Limiter, payers ...string) (context.Context, func()) {
	t.Helper()
	ctx, done, err := l.Reserve(t.Context(), payers...)
	require.NoError(t, err)
	return ctx, done
}

// Without reservations, workers that stream from one mailbox into another, in both
// directions and within one account, would wait for each other.
func TestPairsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]throttle.Options{
		"per payer": {PerPayer: 2},
		"one each":  {PerPayer: 1},
		"overall":   {PerPayer: 8, MaxConcurrent: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &opts)
				var wg sync.WaitGroup
				transfer := func(from, to string) {
					ctx, done := reserve(t, l, from, to)
					defer done()
					export, err := l.Acquire(ctx, from)
					assert.NoError(t, err)
					time.Sleep(time.Second)
					upload, err := l.Acquire(ctx, to)
					assert.NoError(t, err)
					time.Sleep(time.Second)
					upload(false, 0)
					export(false, 0)
				}
				for range 20 {
					wg.Go(func() { transfer("alice", "quarantine") })
					wg.Go(func() { transfer("quarantine", "alice") })
					wg.Go(func() { transfer("svc", "SVC") })
				}
				wg.Wait()
				assert.Zero(t, l.Payers())
			})
		})
	}
}

func TestReservedPlacesAreUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 2})
		ctx, done := reserve(t, l, "a", "b")
		assert.Equal(t, 1, l.State("a").InFlight)
		for range 3 {
			release, err := l.Acquire(ctx, "A")
			require.NoError(t, err)
			assert.Equal(t, 1, l.State("a").InFlight)
			release(false, 0)
		}
		first, err := l.Acquire(ctx, "a")
		require.NoError(t, err)
		beyond, err := l.Acquire(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, 2, l.State("a").InFlight, "a call beyond the reservation takes its own slot")
		done()
		done()
		assert.Equal(t, 2, l.State("a").InFlight)
		assert.Zero(t, l.State("b").InFlight)
		first(false, 0)
		beyond(false, 0)
		assert.Zero(t, l.Payers())

		after, err := l.Acquire(ctx, "a")
		require.NoError(t, err, "an ended reservation no longer counts")
		after(false, 0)
	})
}

func TestReservedCallsWaitForParks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 2})
		ctx, done := reserve(t, l, "a", "b")
		start := time.Now()
		call(t, l, "a", true, time.Minute)

		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := l.Acquire(short, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)

		release, err := l.Acquire(ctx, "a")
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start))
		release(false, 0)
		done()
	})
}

// A worker that has reserved one of its two calls does not wait for the other's share of
// MaxConcurrent: all workers could.
func TestCallsBeyondAReservation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 2, MaxConcurrent: 3})
		with := func(ctx context.Context, payer string) func(bool, time.Duration) {
			release, err := l.Acquire(ctx, payer)
			assert.NoError(t, err)
			return release
		}
		began := time.Now()
		var wg sync.WaitGroup
		var refused atomic.Bool
		for i := range 30 {
			wg.Go(func() {
				from := "user" + strconv.Itoa(i)
				ctx, done := reserve(t, l, from)
				defer done()
				export := with(ctx, from)
				time.Sleep(time.Second)
				upload := with(ctx, "quarantine")
				time.Sleep(time.Second)
				upload(refused.CompareAndSwap(false, true), 0) // the others wait for the end of the park
				export(false, 0)
			})
		}
		wg.Wait()
		assert.Less(t, time.Since(began), 2*time.Minute)
		assert.Zero(t, l.Payers())

		ctx, done := reserve(t, l, "user")
		done() // its calls count again
		for _, payer := range []string{"a", "b", "c"} {
			defer with(ctx, payer)(false, 0)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := l.Acquire(short, "d")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestReserveHoldsNothingWhileAPayerIsParked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1, MaxConcurrent: 1})
		call(t, l, "q", true, 5*time.Minute)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, done := reserve(t, l, "a", "q")
			assert.Equal(t, 5*time.Minute, time.Since(start))
			done()
		})
		synctest.Wait()
		call(t, l, "a", false, 0)
		assert.Zero(t, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := l.Reserve(ctx, "a", "q")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		wg.Wait()
		assert.Zero(t, l.Payers())
	})
}

func TestReserveGivesUpWhatItHoldsWhenTheRestIsParked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1})
		q := acquire(t, l, "q")
		var wg sync.WaitGroup
		start := time.Now()
		wg.Go(func() {
			_, done := reserve(t, l, "a", "q")
			assert.Equal(t, 2*time.Minute, time.Since(start))
			done()
		})
		synctest.Wait()
		assert.Equal(t, 1, l.State("a").InFlight)
		q(true, 2*time.Minute)
		synctest.Wait()
		assert.Zero(t, l.State("a").InFlight)
		wg.Wait()
	})
}

func TestReserveMoreThanIsAllowedGoesAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1})
		hold := acquire(t, l, "svc")
		time.AfterFunc(time.Second, func() { hold(false, 0) })
		start := time.Now()
		_, done := reserve(t, l, "svc", "svc")
		assert.Equal(t, time.Second, time.Since(start))
		assert.Equal(t, 2, l.State("svc").InFlight)
		done()
	})
}

func TestReserveRefuses(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, nil)
	_, _, err := l.Reserve(t.Context())
	require.ErrorContains(t, err, "at least one")
	ctx, done := reserve(t, l, "a")
	defer done()
	_, _, err = l.Reserve(ctx, "b")
	require.ErrorIs(t, err, throttle.ErrNested)

	other := newLimiter(t, nil)
	_, otherDone, err := other.Reserve(ctx, "a")
	require.NoError(t, err, "another limiter's reservation does not count")
	otherDone()
}
