package gather_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Hundreds of calls wait for a slow one and are given up together; a call after them goes
// as if they had never been made.
func TestCrowdLeaves(t *testing.T) {
	t.Parallel()
	const callers = 500 // the race detector aborts a process that has many thousands of goroutines
	for _, kind := range []string{"inspect", "mark"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{before: map[string]time.Duration{"slow": time.Hour}}
				s := narrow(f)
				var wg sync.WaitGroup
				wg.Go(func() {
					_, err := kinds[kind](t.Context(), s, alice, "slow")
					assert.NoError(t, err)
				})
				synctest.Wait()
				ctx, cancel := context.WithCancelCause(t.Context())
				var left atomic.Int64
				for range callers {
					wg.Go(func() {
						if _, err := kinds[kind](ctx, s, alice, "leaver"); errors.Is(err, errGivenUp) {
							left.Add(1)
						}
					})
				}

				time.Sleep(time.Minute)
				cancel(errGivenUp)
				wg.Go(func() {
					got, err := kinds[kind](t.Context(), s, alice, "stays")
					assert.NoError(t, err)
					assert.Equal(t, answer(kind, "stays"), got)
				})
				wg.Wait()
				assert.EqualValues(t, callers, left.Load())
				assert.Len(t, f.requests, 2)
			})
		})
	}
}

// The server is busy for one member of each batch, a different one each time, or wants
// each of them alone. Each call ends with its own answer and takes part in no more
// requests than that requires.
func TestBusyForOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		for i, busy := range map[string]error{
			"busy":       &driver.Error{Err: errors.New("ErrorServerBusy"), Answered: true, Untouched: true},
			"lost":       &driver.Error{Err: errors.New("connection reset")},
			"not asked":  fmt.Errorf("skipped: %w", driver.ErrAlone),
			"not a type": errors.New("strange"),
		} {
			names := numbered(alice, 8)
			for n, name := range names {
				f := &fake{poisoned: map[string]error{name: busy}}
				errs := together(t, narrow(f), kind, names, "", 0)
				alone := errors.Is(busy, driver.ErrAlone)
				for _, other := range names {
					if other == name && !alone {
						assert.ErrorIs(t, errs[other], busy, i)
					} else {
						assert.NoError(t, errs[other], "%s: %d is served", i, n)
					}
				}
				want := 2 // the first, and the batch
				if alone {
					want++
				}
				assert.Len(t, f.requests, want, i)
			}
		}
	})
}

// A deadline shorter than the pause of the driver ends that call and no other; a call
// that writes is then in no request.
func TestDeadlineInThePause(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		names := numbered(alice, 12)
		for _, leaver := range []int{0, 5, 11} {
			f := &fake{before: map[string]time.Duration{names[3]: 5 * time.Minute}}
			begun := time.Now()
			errs := together(t, narrow(f), kind, names, names[leaver], time.Second)
			for i, name := range names {
				if i == leaver {
					assert.ErrorIs(t, errs[name], errGivenUp)
				} else {
					assert.NoError(t, errs[name])
				}
			}
			assert.Less(t, time.Since(begun), 11*time.Minute)
			for _, r := range f.requests {
				if writes[kind] {
					assert.NotContains(t, r.members, names[leaver])
				}
			}
		}
	})
}

// Calls for many mailboxes, some of whose names differ only in case, are made at once.
// Each request is for one mailbox, and each mailbox gets at most as many requests as it
// would get alone.
func TestManyMailboxesAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		const boxes, calls = 60, 9
		f := &fake{}
		s := narrow(f)
		var wg sync.WaitGroup
		for n := range calls {
			for b := range boxes {
				wg.Go(func() {
					box := fmt.Sprintf("user%d@example.test", b)
					if n%2 == 1 {
						box = fmt.Sprintf("User%d@EXAMPLE.test", b)
					}
					name := fmt.Sprintf("%d in %d", n, b)
					got, err := kinds[kind](t.Context(), s, box, name)
					assert.NoError(t, err)
					assert.Equal(t, answer(kind, name), got)
				})
			}
		}
		wg.Wait()
		assert.Len(t, f.requests, 2*boxes)
		for _, r := range f.requests {
			var first, box int
			_, err := fmt.Sscanf(r.members[0], "%d in %d", &first, &box)
			assert.NoError(t, err)
			for _, m := range r.members {
				assert.Contains(t, m, fmt.Sprintf(" in %d", box))
			}
		}
	})
}

// Callers give up at every moment of a batch's life, one after another, until none is
// left. No caller waits longer than the request takes.
func TestLeaveOneAfterTheOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		for _, pause := range []time.Duration{0, latency, time.Minute} {
			f := &fake{before: map[string]time.Duration{"3": pause}}
			s := narrow(f)
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = kinds[kind](t.Context(), s, alice, "first") })
			synctest.Wait()
			for i := range 40 {
				wg.Go(func() {
					ctx, cancel := context.WithTimeoutCause(t.Context(), time.Duration(40-i)*latency/16, errGivenUp)
					defer cancel()
					if got, err := kinds[kind](ctx, s, alice, fmt.Sprint(i)); err == nil {
						assert.Equal(t, answer(kind, fmt.Sprint(i)), got)
					} else {
						assert.ErrorIs(t, err, errGivenUp)
					}
				})
				synctest.Wait()
			}
			begun := time.Now()
			wg.Wait()
			assert.Less(t, time.Since(begun), 5*latency, "nobody waits for the pause of another")
			time.Sleep(2 * pause)
		}
	})
}
