package gather_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// randomCall is one call of a task.
type randomCall struct {
	kind, mailbox, name string
	pause               time.Duration // before it
	patience            time.Duration // until its context ends; 0: it does not
	beside              bool          // the task does not wait for it
}

// randomCalls returns the calls of a task, and makes the fake treat some of them badly.
func randomCalls(r *rand.Rand, f *fake, task int, home string) (calls []randomCall) {
	all := slices.Sorted(maps.Keys(kinds))
	for step := range 1 + r.IntN(12) {
		c := randomCall{kind: all[step%len(all)], mailbox: home, name: fmt.Sprintf("%d of %d", step, task), beside: r.IntN(6) == 0}
		if r.IntN(3) == 0 {
			c.kind = all[r.IntN(len(all))]
		}
		if r.IntN(3) == 0 {
			c.mailbox = vault
		}
		if r.IntN(5) == 0 {
			c.patience = time.Duration(1+r.IntN(12)) * latency / 4
		}
		if r.IntN(5) == 0 {
			c.pause = time.Duration(r.IntN(100)) * time.Millisecond
		}
		switch r.IntN(30) {
		case 0:
			f.poisoned[c.name] = driver.ErrAlone
		case 1:
			f.poisoned[c.name] = &driver.Error{Err: errors.New("wrong"), Answered: true}
		case 2:
			f.panics[c.name] = true
		case 3, 4, 5:
			f.before[c.name] = time.Duration(r.IntN(40)) * latency / 8
		}
		calls = append(calls, c)
	}
	return calls
}

// Tasks of several mailboxes make random calls, some of them at once, with contexts that end
// at any time, against a driver that refuses, panics, and takes its time. Each call ends soon
// with its own result, none is made twice, and nothing is left behind.
func TestRandomTasks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { randomTasks(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func randomTasks(t *testing.T, r *rand.Rand) {
	f := &fake{poisoned: make(map[string]error), before: make(map[string]time.Duration), panics: make(map[string]bool)}
	s := gather.Strategy(batching{plain{f}}, &gather.Options{InFlight: r.IntN(5), Most: r.IntN(8), Always: r.IntN(8) == 0})
	var mu sync.Mutex
	ends := make(map[string]error)
	do := func(ctx context.Context, c randomCall) {
		began, returned := time.Now(), false
		defer func() {
			assert.Equal(t, !returned, recover() != nil)
			assert.Less(t, time.Since(began), 2*time.Second, c.name)
		}()
		if c.patience > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.patience)
			defer cancel()
		}
		got, err := kinds[c.kind](ctx, s, c.mailbox, c.name)
		returned = true
		if err == nil {
			assert.Equal(t, answer(c.kind, c.name), got)
		}
		mu.Lock()
		defer mu.Unlock()
		ends[c.name] = err
	}
	plans := make([][]randomCall, 60)
	homes := make([]string, len(plans))
	of := make(map[string]string) // the mailbox of each call
	for i := range plans {
		homes[i] = fmt.Sprintf("user%d@example.test", r.IntN(4))
		plans[i] = randomCalls(r, f, i, homes[i])
		for _, c := range plans[i] {
			of[c.name] = c.mailbox
		}
	}
	var wg sync.WaitGroup
	for i, calls := range plans {
		ctx := t.Context()
		for range i % 8 % 3 { // no task, or one, or one in another
			ctx = driver.WithTask(ctx, homes[i])
		}
		wg.Go(func() {
			for _, c := range calls {
				time.Sleep(c.pause)
				if c.beside {
					wg.Go(func() { do(ctx, c) })
				} else {
					do(ctx, c)
				}
			}
		})
	}
	wg.Wait()
	synctest.Wait()
	times := make(map[string]int)
	for _, sent := range f.requests {
		for _, name := range sent.members {
			times[name]++
			assert.Equal(t, sent.mailbox, of[name])
		}
	}
	for name, err := range ends {
		switch n := times[name]; {
		case errors.Is(f.poisoned[name], driver.ErrAlone): // requested twice
		case err == nil:
			assert.Equal(t, 1, n, name)
		case driver.Untouched(err):
			assert.Zero(t, n, name)
		default:
			assert.LessOrEqual(t, n, 1, name)
		}
	}
	for kind := range kinds { // nobody is held up any more
		began := time.Now()
		_, err := kinds[kind](t.Context(), s, homes[0], "last")
		assert.NoError(t, err)
		assert.Equal(t, latency, time.Since(began))
	}
}
