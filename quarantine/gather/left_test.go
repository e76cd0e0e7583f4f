package gather_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// together makes a call for each name while another one is under way, so that they go in
// one batch, and returns their errors. The context of one of them ends after a while.
func together(t *testing.T, s driver.Strategy, kind string, names []string, leaver string, after time.Duration) map[string]error {
	t.Helper()
	var mu sync.Mutex
	errs := make(map[string]error)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := kinds[kind](t.Context(), s, alice, "first")
		assert.NoError(t, err)
	})
	synctest.Wait()
	for _, name := range names {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if name == leaver {
				ctx, cancel = context.WithTimeoutCause(ctx, after, errGivenUp)
				defer cancel()
			}
			got, err := kinds[kind](ctx, s, alice, name)
			if err == nil {
				assert.Equal(t, answer(kind, name), got)
			}
			mu.Lock()
			defer mu.Unlock()
			errs[name] = err
		})
		synctest.Wait()
	}
	wg.Wait()
	synctest.Wait()
	return errs
}

var errGivenUp = errors.New("given up by its caller")

// narrow allows one call in flight, so that all others wait.
func narrow(f *fake) driver.Strategy {
	return gather.Strategy(batching{plain{f}}, &gather.Options{InFlight: 1})
}

// A member with a problem ends with its own error, or is requested alone; the others do
// not notice.
func TestPoisoned(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		wrong := &driver.Error{Err: errors.New("wrong with 3"), Untouched: true, Answered: true}
		names := numbered(alice, 10)
		f := &fake{poisoned: map[string]error{names[3]: wrong, names[5]: fmt.Errorf("skipped: %w", driver.ErrAlone)}}
		errs := together(t, narrow(f), kind, names, "", 0)
		for i, name := range names {
			if i == 3 {
				assert.ErrorIs(t, errs[name], wrong)
			} else {
				assert.NoError(t, errs[name])
			}
		}
		require.Len(t, f.requests, 3)
		assert.Equal(t, request{kind, alice, []string{names[5]}, false, false}, f.requests[2])
	})
}

// A call that leaves while it waits is in no request.
func TestLeavesTheQueue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		names := numbered(alice, 10)
		errs := together(t, narrow(f), kind, names, names[4], latency/2)
		for i, name := range names {
			if i == 4 {
				require.ErrorIs(t, errs[name], errGivenUp)
				assert.True(t, driver.Untouched(errs[name]))
				continue
			}
			assert.NoError(t, errs[name])
		}
		require.Len(t, f.requests, 2)
		assert.Len(t, f.requests[1].members, 9)
		assert.NotContains(t, f.requests[1].members, names[4])
	})
}

// The call that leads the others may leave them.
func TestLeaderLeaves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		for _, after := range []time.Duration{latency, latency + latency/2} {
			f := &fake{}
			names := numbered(alice, 10)
			errs := together(t, narrow(f), kind, names, names[0], after)
			for _, name := range names[1:] {
				assert.NoError(t, errs[name])
			}
			if after > latency {
				assert.ErrorIs(t, errs[names[0]], errGivenUp)
			}
			for _, r := range f.requests {
				assert.False(t, r.ended)
			}
		}
	})
}

// If a caller leaves before a batch that writes has been sent, the batch is sent without
// it, and the error says that nothing was sent.
func TestLeavesBeforeItIsSent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		names := numbered(alice, 10)
		f := &fake{before: map[string]time.Duration{names[7]: 10 * latency}}
		began := time.Now()
		errs := together(t, narrow(f), kind, names, names[4], 3*latency)
		for i, name := range names {
			if i != 4 {
				assert.NoError(t, errs[name])
				continue
			}
			require.ErrorIs(t, errs[name], errGivenUp)
			assert.Equal(t, writes[kind], driver.Untouched(errs[name]))
		}
		require.Len(t, f.requests, 2)
		if writes[kind] {
			assert.NotContains(t, f.requests[1].members, names[4])
			assert.Equal(t, 14*latency, time.Since(began), "it was prepared anew")
		} else {
			assert.Len(t, f.requests[1].members, 10)
		}
	})
}

// While a request that writes is on its way, a caller that leaves does not learn its
// outcome; the request continues for the others.
func TestLeavesOnTheWay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		names := numbered(alice, 10)
		errs := together(t, narrow(f), kind, names, names[4], latency+latency/2)
		for i, name := range names {
			if i != 4 {
				assert.NoError(t, errs[name])
				continue
			}
			require.ErrorIs(t, errs[name], errGivenUp)
			assert.False(t, driver.Untouched(errs[name]))
			assert.False(t, driver.Answered(errs[name]))
			assert.False(t, errors.Is(errs[name], driver.ErrGone))
		}
		require.Len(t, f.requests, 2)
		assert.False(t, f.requests[1].ended)
	})
}

// When all callers have left, the request is given up.
func TestAllLeave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		s := narrow(f)
		ctx, cancel := context.WithTimeout(t.Context(), latency+latency/2)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = kinds[kind](t.Context(), s, alice, "first") })
		synctest.Wait()
		for _, name := range numbered(alice, 5) {
			wg.Go(func() {
				_, err := kinds[kind](ctx, s, alice, name)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
			})
		}
		wg.Wait()
		synctest.Wait()
		require.Len(t, f.requests, 2)
		assert.True(t, f.requests[1].ended)
	})
}

// A lost answer is lost for every call that shared the request, and nothing is sent
// again.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		names := numbered(alice, 10)
		lost := &driver.Error{Err: errors.New("no answer"), Temporary: true}
		f := &fake{poisoned: map[string]error{}}
		for _, name := range names {
			f.poisoned[name] = lost
		}
		errs := together(t, narrow(f), kind, names, "", 0)
		for _, name := range names {
			assert.ErrorIs(t, errs[name], lost)
			assert.False(t, driver.Untouched(errs[name]))
		}
		assert.Len(t, f.requests, 2)
	})
}

// A context that ended before the call is left to the driver to judge.
func TestEndedBefore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := kinds[kind](ctx, narrow(f), alice, "a")
		assert.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, f.requests)
	})
}

// A panic of the driver becomes a panic of each call, and other calls work afterwards. So
// does the end of a goroutine, as in a failing test.
func TestPanics(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		names := numbered(alice, 5)
		f := &fake{panics: map[string]bool{names[2]: true}}
		s := narrow(f)
		for _, ends := range []bool{false, true} {
			if ends {
				f.goexit = runtime.Goexit
			}
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = kinds[kind](t.Context(), s, alice, "first") })
			synctest.Wait()
			for _, name := range names {
				wg.Go(func() {
					assert.Panics(t, func() { _, _ = kinds[kind](t.Context(), s, alice, name) })
				})
			}
			wg.Wait()
		}
		_, err := kinds[kind](t.Context(), s, alice, "last")
		assert.NoError(t, err)
	})
}

// Whatever calls come and go, each is made once, and ends with its own result or with the
// end of its context.
func TestComingAndGoing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		names := numbered(alice, 300)
		f := &fake{before: map[string]time.Duration{}, poisoned: map[string]error{}}
		for i, name := range names {
			f.before[name] = time.Duration(i%5) * latency / 7
			if i%17 == 0 {
				f.poisoned[name] = driver.ErrAlone
			}
		}
		s := gather.Strategy(batching{plain{f}}, &gather.Options{InFlight: 2, Most: 9})
		succeeded := make([]bool, len(names))
		untouched := make([]bool, len(names))
		var wg sync.WaitGroup
		for i, name := range names {
			wg.Go(func() {
				time.Sleep(time.Duration(i*7%50) * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+i*13%400)*time.Millisecond)
				defer cancel()
				got, err := kinds[kind](ctx, s, alice, name)
				if succeeded[i] = err == nil; succeeded[i] {
					assert.Equal(t, answer(kind, name), got)
				} else {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				}
				untouched[i] = driver.Untouched(err)
			})
		}
		wg.Wait()
		synctest.Wait()
		times := make(map[string]int)
		for _, r := range f.requests {
			for _, m := range r.members {
				times[m]++
			}
		}
		some := 0
		for i, name := range names {
			n := times[name]
			if i%17 == 0 {
				continue // requested twice
			}
			if succeeded[i] {
				some++
				assert.Equal(t, 1, n, name)
			}
			if untouched[i] {
				assert.Zero(t, n, name)
			}
			assert.LessOrEqual(t, n, 1, name)
		}
		assert.Greater(t, some, 20)
	})
}

// A caller that leaves during a carry knows which way was used, as the engine requires of
// an error, and learns nothing that is not certain.
func TestLeavesACarry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gather.Strategy(batching{plain{&fake{}}}, &gather.Options{Always: true})
		ctx, cancel := context.WithTimeout(t.Context(), latency/2)
		defer cancel()
		c, err := s.Carry(ctx, driver.Carriage{From: s.Mailbox(alice), To: s.Mailbox(vault), Item: driver.Item{ID: "a"}})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, driver.Untouched(err))
		assert.Equal(t, driver.Carried{Way: driver.WayMove, Faithful: true}, c)
	})
}

// lagging is a context whose end its waiters notice late, as on a busy machine.
type lagging struct {
	context.Context
	noticed chan struct{}
}

func (l lagging) Done() <-chan struct{} { return l.noticed }

// Nothing is sent for a context that has ended, even if its call has not noticed yet.
func TestEndedUnnoticed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		if !writes[kind] {
			return
		}
		f := &fake{before: map[string]time.Duration{"slow": 10 * latency}}
		s := narrow(f)
		ended, cancel := context.WithTimeout(t.Context(), 5*latency)
		defer cancel()
		ctx := lagging{ended, make(chan struct{})}
		time.AfterFunc(20*latency, func() { close(ctx.noticed) })
		var wg sync.WaitGroup
		for _, name := range []string{"first", "slow", "ends"} {
			wg.Go(func() {
				if name == "ends" {
					_, err := kinds[kind](ctx, s, alice, name)
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					assert.True(t, driver.Untouched(err))
					return
				}
				_, err := kinds[kind](t.Context(), s, alice, name)
				assert.NoError(t, err)
			})
			synctest.Wait()
		}
		wg.Wait()
		require.Len(t, f.requests, 2)
		assert.Equal(t, []string{"slow"}, f.requests[1].members)
		time.Sleep(20 * latency)
	})
}
