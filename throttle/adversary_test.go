package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// endsWhenAsked is a context that ends just as a caller begins to wait for it, after
// something has been done. The caller then finds its turn and the end at the same moment.
type endsWhenAsked struct {
	context.Context
	once   sync.Once
	before func()
	ended  chan struct{}
}

func (c *endsWhenAsked) Done() <-chan struct{} {
	c.once.Do(func() {
		c.before()
		close(c.ended)
	})
	return c.ended
}

func (c *endsWhenAsked) Err() error {
	select {
	case <-c.ended:
		return context.Canceled
	default:
		return nil
	}
}

// A caller that gives up at the moment of its turn has taken nothing: neither a slot nor any
// of the balance.
func TestGivesUpAtTheMomentOfItsTurn(t *testing.T) {
	t.Parallel()
	begin := map[string]func(*throttle.Limiter, context.Context) (end func(), err error){
		"acquire": func(l *throttle.Limiter, ctx context.Context) (func(), error) {
			release, err := l.Acquire(ctx, "svc")
			return func() { release(false, 0) }, err
		},
		"reserve": func(l *throttle.Limiter, ctx context.Context) (func(), error) {
			_, done, err := l.Reserve(ctx, "svc")
			return done, err
		},
	}
	for name, begin := range begin {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &throttle.Options{PerPayer: 2, Budget: small()})
				defer acquire(t, l, "svc")(false, 0) // so that the payer is not forgotten meanwhile
				about := throttle.About(t.Context(), throttle.Call{Operation: "MoveItem"})
				spend(t, l, about, "svc", time.Second)
				for range 64 { // it is random which of the two it sees first
					time.Sleep(time.Minute)
					release, err := l.Acquire(about, "svc")
					require.NoError(t, err)
					ctx := &endsWhenAsked{Context: about, before: func() { release(false, 0) }, ended: make(chan struct{})}
					if end, err := begin(l, ctx); err == nil {
						end()
					} else {
						require.ErrorIs(t, err, context.Canceled)
					}
				}
				time.Sleep(time.Minute)
				s := l.State("svc")
				assert.Equal(t, 10*time.Second, s.Balance, "of calls that were never made, nothing stays set aside")
				assert.Equal(t, 1, s.InFlight)
				assert.Zero(t, s.Waiting)
			})
		})
	}
}

// A thousand callers wait during a pause that the server asked for, and give up together,
// or are all served.
func TestCrowdWaits(t *testing.T) {
	t.Parallel()
	const callers, mailboxes = 1_000, 100 // the race detector ends a process with many thousands of them
	for _, giveUp := range []bool{true, false} {
		t.Run(fmt.Sprintf("give up=%t", giveUp), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, nil)
				call(t, l, "svc", true, time.Minute)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var served, gaveUp atomic.Int64
				var wg sync.WaitGroup
				for i := range callers {
					about := throttle.About(ctx, throttle.Call{Mailbox: fmt.Sprint(i % mailboxes)})
					wg.Go(func() {
						release, err := l.Acquire(about, "svc")
						if err != nil {
							gaveUp.Add(1)
							return
						}
						served.Add(1)
						release(false, 0)
					})
				}
				synctest.Wait()
				assert.Equal(t, callers, l.State("svc").Waiting)
				assert.Equal(t, callers, l.Waits()[0].Callers)
				if giveUp {
					cancel()
				}
				wg.Wait()
				assert.EqualValues(t, callers, served.Load()+gaveUp.Load())
				assert.Equal(t, giveUp, served.Load() == 0)
				requireNoState(t, l)
			})
		})
	}
}

// Whatever a server asks for, the pause is bounded, and nobody is forgotten.
func TestHints(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		throttled   bool
		hint        time.Duration
		least, most time.Duration
	}{
		"none":             {true, 0, 10 * time.Second, 20 * time.Second},
		"negative":         {true, -time.Hour, 10 * time.Second, 20 * time.Second},
		"most negative":    {true, math.MinInt64, 10 * time.Second, 20 * time.Second},
		"negative, served": {false, -time.Hour, 0, 0},
		"a nanosecond":     {true, 1, 0, time.Millisecond},
		"without refusal":  {false, time.Second, time.Second, time.Second},
		"five minutes":     {true, 5 * time.Minute, 5 * time.Minute, 5 * time.Minute},
		"years":            {true, math.MaxInt64, 30 * time.Minute, 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, nil)
				call(t, l, "svc", tc.throttled, tc.hint)
				begun := time.Now()
				call(t, l, "svc", false, 0)
				waited := time.Since(begun)
				assert.GreaterOrEqual(t, waited, tc.least)
				assert.LessOrEqual(t, waited, tc.most)
				requireNoState(t, l)
			})
		})
	}
}

// A deadline that is shorter than the pause ends the call, with both reasons, at the deadline.
func TestDeadlineIsShorterThanThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		reserved, done := reserve(t, l, "svc", "svc")
		call(t, l, "svc", true, 5*time.Minute)
		begun := time.Now()
		for name, begin := range map[string]func(ctx context.Context) error{
			"acquire":  func(ctx context.Context) error { _, err := l.Acquire(ctx, "svc"); return err },
			"reserve":  func(ctx context.Context) error { _, _, err := l.Reserve(ctx, "a", "svc", "z"); return err },
			"reserved": func(ctx context.Context) error { _, err := l.Acquire(ctx, "svc"); return err },
		} {
			parent := t.Context()
			if name == "reserved" {
				parent = reserved
			}
			ctx, cancel := context.WithTimeout(parent, time.Second)
			err := begin(ctx)
			cancel()
			var parked *throttle.ParkedError
			require.ErrorAs(t, err, &parked, name)
			assert.ErrorIs(t, err, context.DeadlineExceeded, name)
			assert.Equal(t, "svc", parked.Payer, name)
		}
		assert.Equal(t, 3*time.Second, time.Since(begun))
		assert.Equal(t, 2, l.State("svc").InFlight, "the places of the reservation")
		assert.Zero(t, l.State("a").InFlight)
		done()
		requireNoState(t, l)
	})
}

// A server that delays every call a little, for hours, slows its callers down to no less than
// half of what its policy allows, and all are served.
func TestServerAlwaysDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: small()})
		ctx := throttle.About(t.Context(), throttle.Call{Operation: "FindItem"})
		for range 300 {
			spend(t, l, ctx, "svc", 10*time.Millisecond)
		}
		begun := time.Now()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 500 {
					spend(t, l, ctx, "svc", 500*time.Millisecond)
				}
			})
		}
		wg.Wait()
		work := 8 * 500 * 500 * time.Millisecond
		assert.Less(t, time.Since(begun), 4*work+time.Minute, "half of half a second a second")
		requireNoState(t, l)
	})
}

// One caller among many is cancelled, each time another; the others do not notice.
func TestOneOfManyGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1, MaxConcurrent: 1})
		for leaver := range 20 {
			release := acquire(t, l, "svc")
			var wg sync.WaitGroup
			errs := make([]error, 20)
			for i := range errs {
				ctx, cancel := context.WithCancelCause(t.Context())
				if i == leaver {
					time.AfterFunc(time.Second, func() { cancel(errLeft) })
				}
				wg.Go(func() {
					defer cancel(nil)
					free, err := l.Acquire(ctx, []string{"svc", "other"}[i%2])
					if errs[i] = err; err == nil {
						time.Sleep(time.Millisecond)
						free(false, 0)
					}
				})
			}
			time.Sleep(2 * time.Second)
			release(false, 0)
			wg.Wait()
			for i, err := range errs {
				if i == leaver {
					assert.ErrorIs(t, err, errLeft)
				} else {
					assert.NoError(t, err)
				}
			}
		}
		requireNoState(t, l)
	})
}

var errLeft = errors.New("left")

// A payer's limit and budget change while callers wait for it.
func TestPayerChangesInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *throttle.Limiter){
		"unlimited": func(t *testing.T, l *throttle.Limiter) {
			require.NoError(t, l.SetBudget("svc", throttle.Budget{Unlimited: true}))
		},
		"smaller":  func(t *testing.T, l *throttle.Limiter) { require.NoError(t, l.SetBudget("svc", small())) },
		"one call": func(_ *testing.T, l *throttle.Limiter) { l.SetLimit("SVC", 1) },
		"no call":  func(_ *testing.T, l *throttle.Limiter) { l.SetLimit("svc", -3) },
		"many":     func(_ *testing.T, l *throttle.Limiter) { l.SetLimit("svc", math.MaxInt) },
		"parked":   func(t *testing.T, l *throttle.Limiter) { acquire(t, l, "svc")(true, time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &throttle.Options{PerPayer: 5})
				ctx := throttle.About(t.Context(), throttle.Call{Operation: "FindItem"})
				var wg sync.WaitGroup
				for range 100 {
					wg.Go(func() { spend(t, l, ctx, "svc", time.Second) })
				}
				time.Sleep(1500 * time.Millisecond)
				wg.Go(func() { change(t, l) })
				wg.Wait()
				s := l.State("svc")
				assert.Zero(t, s.InFlight)
				assert.Zero(t, s.Waiting)
				time.Sleep(time.Hour)
				assert.Zero(t, l.Payers())
			})
		})
	}
}

// The slowest bucket that can be set makes callers wait without keeping the processor busy:
// what it lacks takes longer to recharge than a time.Duration can hold.
func TestSlowestBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: throttle.Budget{MaxBurst: 1000 * time.Hour, RechargeRate: time.Second, CutoffBalance: 1000 * time.Hour}})
		about := throttle.About(t.Context(), throttle.Call{Operation: "FindItem"})
		ctx, cancel := context.WithTimeout(about, 2000*time.Hour)
		defer cancel()
		served := 0
		for { // a minute each until nothing is left
			release, err := l.Acquire(ctx, "svc")
			if err != nil {
				break
			}
			served++
			time.Sleep(time.Minute)
			release(false, 0)
		}
		assert.Greater(t, served, 1000*60-1)
		assert.Less(t, served, 1000*60+60)
	})
}
