package throttle_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func TestOverallBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{MaxConcurrent: 5})
		var running, most atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				release := acquire(t, l, fmt.Sprint("user", i%40))
				for n := running.Add(1); ; {
					m := most.Load()
					if n <= m || most.CompareAndSwap(m, n) {
						break
					}
				}
				time.Sleep(time.Second)
				running.Add(-1)
				release(false, 0)
			})
		}
		start := time.Now()
		wg.Wait()
		assert.EqualValues(t, 5, most.Load())
		assert.Equal(t, 40*time.Second, time.Since(start), "no slot stays empty")
		assert.Zero(t, l.Payers())
	})
}

func TestAParkedPayerTakesNoRoomFromOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{MaxConcurrent: 2})
		call(t, l, "slow", true, 5*time.Minute)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { acquire(t, l, "slow")(false, 0) })
		}
		synctest.Wait()
		start := time.Now()
		for i := range 20 {
			call(t, l, fmt.Sprint(i), false, 0)
		}
		assert.Zero(t, time.Since(start))
		wg.Wait()
		assert.Equal(t, 5*time.Minute, time.Since(start))
	})
}

// A payer with many calls waiting must not keep one with a single call waiting
// until all its own are done.
func TestPayersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{MaxConcurrent: 2})
		var wg sync.WaitGroup
		start := time.Now()
		work := func(payer string) {
			release := acquire(t, l, payer)
			time.Sleep(time.Second)
			release(false, 0)
		}
		for range 100 {
			wg.Go(func() { work("busy") })
		}
		synctest.Wait()
		wg.Go(func() {
			work("alice")
			assert.LessOrEqual(t, time.Since(start), 3*time.Second)
		})
		wg.Wait()
	})
}

func TestAWaiterForRoomMayLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{MaxConcurrent: 1})
		hold := acquire(t, l, "a")
		for i := range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := l.Acquire(ctx, fmt.Sprint("user", i))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancel()
		}
		assert.Equal(t, 1, l.Payers())
		hold(false, 0)
		assert.Zero(t, l.Payers())
		call(t, l, "b", false, 0)
	})
}

// TestNothingIsLostUnderLoad has workers make calls with every outcome, give up
// while waiting, and hold pairs of calls in both directions, and then checks that
// every slot was given back.
func TestNothingIsLostUnderLoad(t *testing.T) {
	t.Parallel()
	for _, overall := range []int{0, 1, 3} {
		for name, b := range map[string]throttle.Budget{
			"no bucket": {}, "bucket": {MaxBurst: 10 * time.Second, RechargeRate: time.Hour}, "probe": {MaxBurst: 10 * time.Second, RechargeRate: time.Hour, Probe: true},
		} {
			t.Run(fmt.Sprint(overall, ", ", name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { load(t, overall, b) })
			})
		}
	}
}

func load(t *testing.T, overall int, b throttle.Budget) {
	payers := []string{"a", "b", "c", "q"}
	l := newLimiter(t, &throttle.Options{PerPayer: 3, MaxConcurrent: overall, Budget: b})
	var inFlight [4]atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		one := func(ctx context.Context, i int) {
			ctx, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(100)+1)*time.Second)
			defer cancel()
			release, err := l.Acquire(ctx, payers[i])
			if err != nil {
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				return
			}
			assert.LessOrEqual(t, inFlight[i].Add(1), int64(3))
			time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
			inFlight[i].Add(-1)
			switch rand.IntN(20) {
			case 0:
				release(true, 0)
			case 1:
				release(true, time.Duration(rand.IntN(60))*time.Second)
			default:
				release(false, 0)
			}
		}
		wg.Go(func() {
			for range 50 {
				i, j := rand.IntN(4), rand.IntN(4)
				if rand.IntN(2) == 0 {
					one(t.Context(), i)
					continue
				}
				ctx, done, err := l.Reserve(t.Context(), payers[i], payers[j])
				if !assert.NoError(t, err) {
					return
				}
				var pair sync.WaitGroup
				for _, k := range []int{i, j} {
					pair.Go(func() { one(ctx, k) })
				}
				if rand.IntN(2) == 0 {
					done() // before its calls are
				}
				pair.Wait()
				done()
			}
		})
	}
	wg.Wait()
	time.Sleep(time.Hour)
	assert.Zero(t, l.Payers())
	for range max(overall, 1) {
		acquire(t, l, "z") // would block if a unit were lost
	}
}
