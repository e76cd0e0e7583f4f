package gather_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// steps are the kinds of calls that the tasks of these tests make, in this order.
var steps = []string{"find", "mark", "inspect", "carry", "read", "remove", "sweep"}

// Tasks of one mailbox that have shared a request go on sharing requests: the first of all
// goes ahead, the others stay together.
func TestConvoy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		const n = 10
		began := time.Now()
		var wg sync.WaitGroup
		for _, name := range numbered(alice, n) {
			ctx := driver.WithTask(t.Context(), alice)
			wg.Go(func() {
				for _, kind := range steps {
					got, err := kinds[kind](ctx, s, alice, name)
					assert.NoError(t, err)
					assert.Equal(t, answer(kind, name), got)
				}
			})
		}
		wg.Wait()
		for _, kind := range steps {
			requests, members := f.counted(kind)
			assert.Equal(t, 2, requests, kind)
			assert.Equal(t, n, members, kind)
		}
		assert.Equal(t, time.Duration(len(steps)+1)*latency, time.Since(began), "nobody waits for anybody but at first")
	})
}

// asConvoy makes a call for each of several tasks, of which the first goes alone, and then
// calls next for each.
func asConvoy(t *testing.T, s driver.Strategy, mailboxes []string, at string, next func(i int, ctx context.Context)) {
	t.Helper()
	var wg sync.WaitGroup
	for i, mailbox := range mailboxes {
		ctx := driver.WithTask(t.Context(), mailbox)
		wg.Go(func() {
			_, err := kinds["inspect"](ctx, s, at, fmt.Sprint(i))
			assert.NoError(t, err)
			next(i, ctx)
		})
		synctest.Wait()
	}
	wg.Wait()
}

// A task that makes no further call does not hold up the others for long, and only once.
func TestConvoyEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		asConvoy(t, s, []string{alice, alice, alice, alice}, alice, func(i int, ctx context.Context) {
			if i < 2 {
				return
			}
			began := time.Now()
			_, err := kinds["mark"](ctx, s, alice, fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, latency/2+latency, time.Since(began))
			began = time.Now()
			_, err = kinds["remove"](ctx, s, alice, fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, latency, time.Since(began))
		})
		require.Len(t, f.requests, 4)
		assert.ElementsMatch(t, []string{"2", "3"}, f.requests[3].members)
	})
}

// However long a request has taken, calls do not wait for each other for long.
func TestConvoyAfterALongRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{before: map[string]time.Duration{"1": time.Hour}}
		s := gather.Strategy(batching{plain{f}}, nil)
		asConvoy(t, s, []string{alice, alice, alice}, alice, func(i int, ctx context.Context) {
			if i < 2 {
				return
			}
			began := time.Now()
			_, err := kinds["mark"](ctx, s, alice, fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, 100*time.Millisecond+latency, time.Since(began))
		})
	})
}

// A task that is late goes on by itself.
func TestConvoyLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		asConvoy(t, s, []string{alice, alice, alice}, alice, func(i int, ctx context.Context) {
			if i == 2 {
				time.Sleep(time.Minute)
			}
			began := time.Now()
			_, err := kinds["mark"](ctx, s, alice, fmt.Sprint(i))
			assert.NoError(t, err)
			waited := map[int]time.Duration{1: latency / 2}[i]
			assert.Equal(t, waited+latency, time.Since(began), i)
		})
	})
}

// Tasks of different mailboxes do not wait for each other, not even after they have shared
// a request in quarantine; nor do calls that belong to no task.
func TestNoConvoy(t *testing.T) {
	t.Parallel()
	for name, task := range map[string]func(ctx context.Context, i int) context.Context{
		"of different mailboxes": func(ctx context.Context, i int) context.Context { return driver.WithTask(ctx, fmt.Sprint(i)) },
		"without a task":         func(ctx context.Context, _ int) context.Context { return ctx },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				s := gather.Strategy(batching{plain{f}}, &gather.Options{InFlight: 1})
				var wg sync.WaitGroup
				for i := range 4 {
					ctx := task(t.Context(), i)
					wg.Go(func() {
						_, err := kinds["inspect"](ctx, s, vault, fmt.Sprint(i))
						assert.NoError(t, err)
						if i == 3 {
							return
						}
						began := time.Now()
						_, err = kinds["mark"](ctx, s, fmt.Sprint(i), fmt.Sprint(i))
						assert.NoError(t, err)
						assert.Equal(t, latency, time.Since(began))
					})
					synctest.Wait()
				}
				wg.Wait()
				requests, _ := f.counted("inspect")
				assert.Equal(t, 2, requests)
			})
		})
	}
}

// A call that waits for its convoy returns as soon as its context ends. Nothing is sent for
// it, and the others go on.
func TestConvoyGivenUp(t *testing.T) {
	t.Parallel()
	for _, others := range []bool{false, true} {
		t.Run(fmt.Sprint(others), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				s := gather.Strategy(batching{plain{f}}, nil)
				asConvoy(t, s, []string{alice, alice, alice, alice}, alice, func(i int, ctx context.Context) {
					switch {
					case i == 1:
						ctx, cancel := context.WithTimeout(ctx, latency/4)
						defer cancel()
						began := time.Now()
						_, err := kinds["mark"](ctx, s, alice, "1")
						assert.ErrorIs(t, err, context.DeadlineExceeded)
						assert.True(t, driver.Untouched(err))
						assert.Equal(t, latency/4, time.Since(began))
					case i == 2 && others:
						_, err := kinds["mark"](ctx, s, alice, "2")
						assert.NoError(t, err)
					}
				})
				if marks, _ := f.counted("mark"); others {
					require.Equal(t, 1, marks)
					assert.Equal(t, []string{"2"}, f.requests[2].members)
				} else {
					assert.Zero(t, marks)
				}
				_, err := kinds["mark"](driver.WithTask(t.Context(), alice), s, alice, "5")
				assert.NoError(t, err, "the mailbox is not held up")
			})
		})
	}
}

// A member whose request is repeated alone does not hold up the others.
func TestConvoyWithAPoisonedMember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{poisoned: map[string]error{"1": driver.ErrAlone}}
		s := gather.Strategy(batching{plain{f}}, nil)
		asConvoy(t, s, []string{alice, alice, alice, alice}, alice, func(i int, ctx context.Context) {
			began := time.Now()
			_, err := kinds["mark"](ctx, s, alice, fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, latency, time.Since(began))
		})
	})
}

// A call that was given up while its request was on its way does not hold up the others.
func TestConvoyWithoutACallGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		var wg sync.WaitGroup
		for i := range 4 {
			ctx := driver.WithTask(t.Context(), alice)
			wg.Go(func() {
				patient, cancel := ctx, context.CancelFunc(func() {})
				if i == 1 {
					patient, cancel = context.WithTimeout(ctx, latency+latency/2)
				}
				defer cancel()
				if _, err := kinds["inspect"](patient, s, alice, fmt.Sprint(i)); i == 1 {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					return
				}
				began := time.Now()
				_, err := kinds["mark"](ctx, s, alice, fmt.Sprint(i))
				assert.NoError(t, err)
				assert.Equal(t, latency, time.Since(began))
			})
			synctest.Wait()
		}
		wg.Wait()
	})
}
