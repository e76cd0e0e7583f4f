package gather_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// incomplete makes a convoy in a mailbox, of which one task makes another call, at another
// mailbox. The others do not, so that call waits for as long as calls of a convoy do.
func incomplete(t *testing.T, s driver.Strategy, mailbox string, next func(ctx context.Context)) {
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			ctx := driver.WithTask(t.Context(), mailbox)
			time.Sleep(time.Duration(i)) // the first goes alone, the others together
			_, err := kinds["inspect"](ctx, s, mailbox, fmt.Sprint(mailbox, i))
			assert.NoError(t, err)
			if i == 2 {
				next(ctx)
			}
		})
	}
	wg.Wait()
}

// However many convoys of different mailboxes meet in one mailbox, one after another, no
// call waits there for convoys for longer than for its own; nor does a call without one.
func TestConvoysInARow(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprint(own), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gather.Strategy(batching{plain{&fake{}}}, nil)
				mark := func(ctx context.Context, name string) {
					began := time.Now()
					_, err := kinds["mark"](ctx, s, vault, name)
					assert.NoError(t, err)
					assert.LessOrEqual(t, time.Since(began), 3*latency)
				}
				var wg sync.WaitGroup
				for i := range 50 {
					mailbox := fmt.Sprintf("user%d@example.test", i)
					wg.Go(func() {
						time.Sleep(time.Duration(i) * latency * 3 / 8)
						incomplete(t, s, mailbox, func(ctx context.Context) {
							if own || i > 0 {
								mark(ctx, mailbox)
								return
							}
							time.Sleep(latency)
							mark(t.Context(), mailbox)
						})
					})
				}
				wg.Wait()
			})
		})
	}
}

// If a call that waits for its convoy is given up, those that wait behind it go.
func TestGivenUpInFront(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gather.Strategy(batching{plain{&fake{before: map[string]time.Duration{alice + "1": time.Second}}}}, nil)
		incomplete(t, s, alice, func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, latency)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := kinds["mark"](ctx, s, vault, "given up")
				assert.ErrorIs(t, err, context.DeadlineExceeded)
			})
			synctest.Wait()
			began := time.Now()
			_, err := kinds["mark"](t.Context(), s, vault, "stays")
			assert.NoError(t, err)
			assert.Equal(t, 2*latency, time.Since(began))
			wg.Wait()
		})
	})
}

// A task that makes several calls at once counts once in a convoy: nobody waits for a
// second call of it.
func TestConvoyOfConcurrentCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gather.Strategy(batching{plain{&fake{}}}, nil)
		for _, tasks := range []int{1, 2} {
			_, err := kinds["inspect"](t.Context(), s, alice, "a")
			assert.NoError(t, err)
			var wg sync.WaitGroup
			for task := range tasks {
				ctx := driver.WithTask(t.Context(), alice)
				wg.Go(func() {
					var both sync.WaitGroup
					for i := range 3 {
						both.Go(func() {
							time.Sleep(time.Duration(i)) // the first goes alone
							_, err := kinds["inspect"](ctx, s, alice, fmt.Sprint(task, i))
							assert.NoError(t, err)
						})
					}
					both.Wait()
					began := time.Now()
					_, err := kinds["mark"](ctx, s, alice, fmt.Sprint(task))
					assert.NoError(t, err)
					assert.Equal(t, latency, time.Since(began), "%d tasks", tasks)
				})
			}
			wg.Wait()
		}
	})
}

// Calls whose batch is taken back are no convoy: they have not returned.
func TestNoConvoyOfABatchTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gather.Strategy(batching{plain{&fake{before: map[string]time.Duration{"slow": time.Hour}}}}, nil)
		var wg sync.WaitGroup
		for i, name := range []string{"first", "stays", "slow", "leaves on the way"} {
			wg.Go(func() {
				ctx := driver.WithTask(t.Context(), alice)
				time.Sleep(time.Duration(i)) // the first goes alone
				patient, cancel := ctx, context.CancelFunc(func() {})
				if i >= 2 {
					patient, cancel = context.WithTimeout(ctx, time.Duration(i-1)*latency/2+10*latency)
				}
				defer cancel()
				if _, err := kinds["mark"](patient, s, alice, name); i >= 2 {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
					return
				}
				began := time.Now()
				_, err := kinds["inspect"](ctx, s, alice, name)
				assert.NoError(t, err)
				assert.Equal(t, latency, time.Since(began))
			})
		}
		wg.Wait()
	})
}
