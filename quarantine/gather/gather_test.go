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

const (
	alice = "alice@example.test"
	bob   = "bob@example.test"
	vault = "quarantine@example.test"
)

// kinds are the calls that share requests, each for the named item.
var kinds = map[string]func(ctx context.Context, s driver.Strategy, mailbox, name string) (answer string, err error){
	"find": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		f, err := s.Mailbox(mailbox).Find(ctx, driver.Query{MessageID: name})
		if err != nil {
			return "", err
		}
		return f.Items[0].ID, nil
	},
	"inspect": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		it, err := s.Mailbox(mailbox).Inspect(ctx, name)
		return it.Subject, err
	},
	"mark": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		it, err := s.Mailbox(mailbox).Mark(ctx, driver.Item{ID: name}, driver.Change{})
		return it.Subject, err
	},
	"remove": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		return "", s.Mailbox(mailbox).Remove(ctx, driver.Item{ID: name})
	},
	"sweep": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		w, ok := driver.As[driver.Sweeper](s.Mailbox(mailbox))
		if !ok {
			return "", fmt.Errorf("no sweeper")
		}
		left, err := w.Leftovers(ctx, name)
		if err != nil {
			return "", err
		}
		return left[0].ID, nil
	},
	"read": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		r, ok := driver.As[driver.Reader](s.Mailbox(mailbox))
		if !ok {
			return "", fmt.Errorf("no reader")
		}
		c, err := r.Content(ctx, driver.Item{ID: name})
		if err != nil {
			return "", err
		}
		return string(c.Parts[0].Kind), nil
	},
	"carry": func(ctx context.Context, s driver.Strategy, mailbox, name string) (string, error) {
		c, err := s.Carry(ctx, driver.Carriage{From: s.Mailbox(mailbox), To: s.Mailbox(vault), Item: driver.Item{ID: name}, Folder: driver.Folder{ID: "F"}})
		return c.ItemID, err
	},
}

// answers are what each kind returns for an item.
var answers = map[string]string{
	"find": "of %s", "inspect": "subject of %s", "mark": "marked %s", "remove": "", "sweep": "left by %s", "read": "content of %s", "carry": "copy of %s in F",
}

func answer(kind, name string) string {
	if answers[kind] == "" {
		return ""
	}
	return fmt.Sprintf(answers[kind], name)
}

var writes = map[string]bool{"mark": true, "remove": true, "carry": true}

// each runs a test for each kind of call, in virtual time.
func each(t *testing.T, test func(t *testing.T, kind string)) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, kind) })
		})
	}
}

// Of many calls made at once, some go immediately and the others together. Each gets its
// own result, and no request is for two mailboxes.
func TestTogether(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		began := time.Now()
		var wg sync.WaitGroup
		for _, mailbox := range []string{alice, bob} {
			for _, name := range numbered(mailbox, 40) {
				wg.Go(func() {
					got, err := kinds[kind](t.Context(), s, mailbox, name)
					assert.NoError(t, err)
					assert.Equal(t, answer(kind, name), got)
				})
			}
		}
		wg.Wait()
		requests, members := f.counted(kind)
		assert.Equal(t, 80, members, "each once")
		assert.Equal(t, 2*(gather.DefaultInFlight+1), requests)
		assert.Equal(t, 2*latency, time.Since(began))
		for _, r := range f.requests {
			for _, m := range r.members {
				assert.Contains(t, m, r.mailbox)
			}
		}
	})
}

// A call that is alone goes as it would without the decorator, and so do a few calls.
func TestAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		var wg sync.WaitGroup
		for _, name := range numbered(alice, gather.DefaultInFlight) {
			wg.Go(func() {
				_, err := kinds[kind](t.Context(), s, alice, name)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		require.Len(t, f.requests, gather.DefaultInFlight)
		for _, r := range f.requests {
			assert.False(t, r.batch)
		}
	})
}

// A call that is the only one waiting goes alone.
func TestOneThatWaits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, &gather.Options{InFlight: 1})
		var wg sync.WaitGroup
		for i, name := range numbered(alice, 2) {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * latency / 2)
				_, err := kinds[kind](t.Context(), s, alice, name)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		require.Len(t, f.requests, 2)
		assert.False(t, f.requests[1].batch)
	})
}

// No more calls go together than allowed.
func TestMost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, &gather.Options{InFlight: 1, Most: 7})
		var wg sync.WaitGroup
		for _, name := range numbered(alice, 22) {
			wg.Go(func() {
				_, err := kinds[kind](t.Context(), s, alice, name)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		require.Len(t, f.requests, 4)
		for _, r := range f.requests {
			assert.LessOrEqual(t, len(r.members), 7)
		}
	})
}

// A call that asks for something else does not go along.
func TestApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, &gather.Options{Always: true})
		box := s.Mailbox(alice)
		folder := &driver.Folder{ID: "1"}
		queries := []driver.Query{
			{MessageID: "a"}, {MessageID: "a", Archive: true}, {MessageID: "a", In: folder}, {MessageID: "a", In: folder, Below: true},
			{MessageID: "a", Except: folder}, {Operation: "o", Stamped: true}, {Origin: alice},
		}
		carriages := []driver.Carriage{{To: s.Mailbox(vault)}, {To: s.Mailbox(bob)}, {To: s.Mailbox(vault), Folder: *folder}, {To: s.Mailbox(vault), Only: driver.WayMove}}
		var wg sync.WaitGroup
		for _, q := range queries {
			for range 2 {
				wg.Go(func() { _, _ = box.Find(t.Context(), q) })
			}
		}
		for _, c := range carriages {
			c.From = box
			wg.Go(func() { _, _ = s.Carry(t.Context(), c) })
		}
		wg.Wait()
		for _, r := range f.requests {
			assert.LessOrEqual(t, len(r.members), 2)
		}
		finds, members := f.counted("find")
		assert.Equal(t, 2*len(queries), members)
		assert.GreaterOrEqual(t, finds, len(queries)+2, "those that find many items do not share")
		carries, _ := f.counted("carry")
		assert.Equal(t, len(carriages), carries)
	})
}

// In a crowded mailbox, calls that return together continue together.
func TestCrowded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		const n, steps = 50, 20
		var wg sync.WaitGroup
		for _, name := range numbered(alice, n) {
			wg.Go(func() {
				for range steps {
					_, err := kinds["inspect"](t.Context(), s, alice, name)
					assert.NoError(t, err)
					_, err = kinds["mark"](t.Context(), s, alice, name)
					assert.NoError(t, err)
				}
			})
		}
		wg.Wait()
		assert.Less(t, len(f.requests), n*steps*2/10, "a tenth")
		time.Sleep(10 * time.Second)
		before := len(f.requests)
		for _, name := range numbered(alice, gather.DefaultInFlight) {
			wg.Go(func() { _, _ = kinds["mark"](t.Context(), s, alice, name) })
		}
		wg.Wait()
		assert.Len(t, f.requests[before:], gather.DefaultInFlight, "which does not last")
	})
}

// Restores into the same folder share the answer to one call.
func TestHomes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(plain{f}, &gather.Options{InFlight: 1})
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				path := fmt.Sprint("/", i%2)
				home, err := s.Mailbox(alice).Home(t.Context(), driver.Folder{Path: path})
				assert.NoError(t, err)
				assert.Equal(t, "home of "+path, home.ID)
			})
		}
		wg.Wait()
		assert.Len(t, f.requests, 4)
	})
}

// A driver without batches is asked as before, and can do no more than it could.
func TestPlain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		s := gather.Strategy(plain{f}, &gather.Options{InFlight: 1, Always: true})
		assert.Equal(t, "fake", s.Name())
		assert.Equal(t, "fake", s.System())
		_, ok := driver.As[driver.Sweeper](s.Mailbox(alice))
		assert.False(t, ok)
		_, ok = driver.As[plainBox](s.Mailbox(alice))
		assert.True(t, ok, "behind the decorator")
		var wg sync.WaitGroup
		for kind := range kinds {
			for _, name := range numbered(alice, 20) {
				wg.Go(func() { _, _ = kinds[kind](t.Context(), s, alice, name) })
			}
		}
		wg.Wait()
		assert.Len(t, f.requests, 5*20)
		for _, r := range f.requests {
			assert.False(t, r.batch)
		}
	})
}

// Each request is counted once, and each call knows which requests were for it.
func TestCosts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		f := &fake{}
		s := gather.Strategy(batching{plain{f}}, nil)
		run, whole := driver.Metered(t.Context())
		var mu sync.Mutex
		var total driver.Cost
		var wg sync.WaitGroup
		for _, name := range numbered(alice, 40) {
			wg.Go(func() {
				ctx, m := driver.Metered(run)
				_, err := kinds[kind](ctx, s, alice, name)
				assert.NoError(t, err)
				c := m.Cost()
				assert.Len(t, c.RequestIDs, 1)
				assert.Equal(t, []string{"fake"}, c.Servers)
				mu.Lock()
				defer mu.Unlock()
				total = total.Plus(c)
			})
		}
		wg.Wait()
		assert.Equal(t, len(f.requests), total.Requests)
		assert.Equal(t, int64(100*len(f.requests)), total.BytesOut)
		assert.Equal(t, len(f.requests), whole.Cost().Requests)
		assert.Len(t, whole.Cost().RequestIDs, len(f.requests))
	})
}
