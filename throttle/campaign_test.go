package throttle_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// TestOneOfAThousandMailboxes: a mailbox that must rest for five minutes does not hold up
// the others.
func TestOneOfAThousandMailboxes(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, rests bool) (others time.Duration) {
		l := newLimiter(t, &throttle.Options{MaxConcurrent: 64})
		start := time.Now()
		var all, rest sync.WaitGroup
		for i := range 1000 {
			group := &rest
			if i == 500 {
				group = &all
			}
			payer := fmt.Sprintf("user%d@example.test", i)
			group.Go(func() {
				var calls sync.WaitGroup
				for range 4 {
					calls.Go(func() {
						for n := range 10 {
							release, err := l.Acquire(of2013(t, "MoveItem", payer), payer)
							if !assert.NoError(t, err) {
								return
							}
							time.Sleep(200 * time.Millisecond)
							if rests && i == 500 && n == 0 {
								release(true, 5*time.Minute)
							} else {
								release(false, 0)
							}
						}
					})
				}
				calls.Wait()
			})
		}
		rest.Wait()
		others = time.Since(start)
		all.Wait()
		if rests {
			assert.GreaterOrEqual(t, time.Since(start), 5*time.Minute)
		}
		requireNoState(t, l)
		return others
	}
	var without, with time.Duration
	synctest.Test(t, func(t *testing.T) { without = run(t, false) })
	synctest.Test(t, func(t *testing.T) { with = run(t, true) })
	t.Logf("%v without, %v with: %+.2f %%", without, with, 100*(with.Seconds()/without.Seconds()-1))
	assert.Less(t, with.Seconds(), 1.01*without.Seconds())
}

// TestBusyNowAndThen: a server that refuses a twentieth of all calls holds up a run for
// little longer than it asks for. A 503 may come without a hint.
func TestBusyNowAndThen(t *testing.T) {
	t.Parallel()
	for name, hint := range map[string]func(*rand.Rand) time.Duration{
		"five minutes": func(*rand.Rand) time.Duration { return 5 * time.Minute },
		"one minute":   func(*rand.Rand) time.Duration { return time.Minute },
		"half of them without": func(r *rand.Rand) time.Duration {
			return time.Duration(r.IntN(2)) * 5 * time.Minute
		},
	} {
		for _, payers := range []int{1, 20} {
			t.Run(fmt.Sprint(name, ", payers: ", payers), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var mu sync.Mutex
					hints := make([]time.Duration, payers)
					l := newLimiter(t, nil)
					// Which calls are refused does not depend on their order within an instant.
					call := func(message, step, payer int) {
						for try := uint64(0); ; try++ {
							r := rand.New(rand.NewPCG(uint64(6*message+step), try))
							release, err := l.Acquire(of2013(t, "MoveItem", fmt.Sprint(message)), fmt.Sprint(payer))
							if !assert.NoError(t, err) {
								return
							}
							time.Sleep(100 * time.Millisecond)
							if r.IntN(20) != 0 {
								release(false, 0)
								return
							}
							asked := hint(r)
							mu.Lock()
							hints[payer] += asked
							mu.Unlock()
							release(true, asked)
						}
					}
					var next atomic.Int64
					start := time.Now()
					var workers sync.WaitGroup
					for range 8 * payers {
						workers.Go(func() {
							for m := int(next.Add(1)); m <= 500; m = int(next.Add(1)) {
								for step := range 6 {
									call(m, step, m%payers)
								}
							}
						})
					}
					workers.Wait()
					took := time.Since(start)
					var most time.Duration
					for _, h := range hints {
						most = max(most, h)
					}
					t.Logf("%v, %.2f of the hints (%v)", took, took.Seconds()/most.Seconds(), most)
					assert.LessOrEqual(t, took.Seconds(), 1.2*most.Seconds())
				})
			})
		}
	}
}
