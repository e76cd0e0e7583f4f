package quarantine_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A repeated target has one result, and the progress counts the repeat; in a feed it
// is worked on again.
func TestTheSameTargetTwice(t *testing.T) {
	t.Parallel()
	a := newLedger("A", "u0@a.test", "u1@a.test", "U0@A.test")
	j := &quarantine.MemoryJournal{}
	same := []quarantine.Target{
		{Mailbox: "u0@a.test", MessageID: evil},
		{Mailbox: "u0@a.test", MessageID: evil},
		{Mailbox: "U0@A.test", MessageID: evil, Reason: "another"},
		{Mailbox: "u0@a.test", MessageID: driver.BareMessageID(evil)},
	}
	others := []quarantine.Target{
		{Mailbox: "u1@a.test", MessageID: evil},
		{Mailbox: "u0@a.test", MessageID: "<other@evil.example>"},
		{Mailbox: "u0@a.test", MessageID: evil, Reference: "case 2"},
	}
	targets := slices.Concat(same, others, same)
	for _, repeats := range []bool{false, true} {
		for _, name := range []string{"", "case 17"} {
			r, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, j)}, &quarantine.RouterOptions{Repeats: repeats})
			require.NoError(t, err)
			for again := range 2 {
				c := r.NewCampaign(&quarantine.CampaignOptions{Name: name, Total: len(targets)})
				n := 0
				for receipt, err := range c.Quarantine(t.Context(), slices.Values(targets)) {
					require.NoError(t, err)
					require.NotNil(t, receipt)
					n++
				}
				p := c.Progress()
				want := 1 + len(others)
				if repeats {
					want = len(targets)
				}
				assert.Equal(t, want, n, "%v %q %d", repeats, name, again)
				assert.Equal(t, want, p.Done)
				assert.Equal(t, want, p.Total)
				assert.Zero(t, p.Left)
				assert.Equal(t, len(targets)-want, p.Repeated)
			}
		}
	}
}

// A stalled loop begins nothing beyond what is in progress, and holds no slot that
// another call needs.
func TestALoopThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		var begun atomic.Int64
		a.search = func(context.Context, string) error { begun.Add(1); time.Sleep(time.Second); return nil }
		targets := targetsIn("a.test", 40)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 4}, targets, map[string]*ledger{"a.test": a})
		n := 0
		for _, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
			if n++; n != 10 {
				continue
			}
			time.Sleep(time.Hour)
			before := begun.Load()
			assert.LessOrEqual(t, before, int64(10+4))
			within := 0
			for _, err := range r.QuarantineAll(t.Context(), slices.Values(targets[:8])) {
				require.NoError(t, err)
				within++
			}
			assert.Equal(t, 8, within)
			assert.Equal(t, before+8, begun.Load())
		}
		assert.Equal(t, 40, n)
	})
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		var begun atomic.Int64
		a.search = func(context.Context, string) error { begun.Add(1); time.Sleep(time.Second); return nil }
		targets := targetsIn("a.test", 40)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 4}, targets, map[string]*ledger{"a.test": a})
		c := r.NewCampaign(&quarantine.CampaignOptions{Total: 40})
		c.Resume() // it is not paused
		go func() {
			time.Sleep(4500 * time.Millisecond)
			c.Pause()
			c.Pause()
			synctest.Wait()
			assert.EqualValues(t, 20, begun.Load())
			time.Sleep(time.Hour)
			assert.EqualValues(t, 20, begun.Load())
			p := c.Progress()
			assert.Equal(t, 20, p.Done)
			assert.Equal(t, 20, p.Left)
			assert.Zero(t, p.Running)
			assert.Equal(t, time.Hour, p.Paused)
			assert.InDelta(t, 4, p.Rate, 0.5, "a pause is no part of it")
			assert.InDelta(t, 5, p.Remaining.Seconds(), 0.7)
			c.Resume()
		}()
		start := time.Now()
		n := 0
		for _, err := range c.Quarantine(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 40, n)
		assert.InDelta(t, (time.Hour + 10*time.Second).Seconds(), time.Since(start).Seconds(), 1)
		p := c.Progress()
		time.Sleep(time.Hour)
		assert.Equal(t, p, c.Progress(), "it has ended")

		// A paused campaign ends with its context.
		ctx, cancel := context.WithCancel(t.Context())
		c = r.NewCampaign(nil)
		c.Pause()
		time.AfterFunc(time.Minute, cancel)
		n = 0
		for receipt, err := range c.Quarantine(ctx, slices.Values(targets)) {
			require.ErrorIs(t, err, context.Canceled)
			if receipt != nil {
				require.ErrorIs(t, err, quarantine.ErrNotBegun)
				n++
			}
		}
		assert.Equal(t, 40, n)
		assert.Equal(t, time.Minute, c.Progress().Paused)
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		a.search = func(ctx context.Context, address string) error {
			if address == "u3@a.test" {
				driver.Spend(ctx, driver.Spending{Payer: address, Waited: time.Minute})
				driver.Spend(ctx, driver.Spending{Waited: time.Hour}) // the SDK's own wait
				return errors.New("broken")
			}
			time.Sleep(time.Second)
			return nil
		}
		targets := targetsIn("a.test", 100)
		targets = append(targets, targets[7])
		r := claimed(t, &quarantine.RouterOptions{PerServer: 1, Window: 10}, targets, map[string]*ledger{"a.test": a})
		c := r.NewCampaign(nil)
		assert.Equal(t, quarantine.Progress{Total: -1, Left: -1, Remaining: -1}, c.Progress())
		n := 0
		for range c.Quarantine(t.Context(), slices.Values(targets)) {
			if n++; n != 50 {
				continue
			}
			p := c.Progress()
			assert.Equal(t, 50, p.Done)
			assert.Equal(t, -1, p.Total)
			assert.Equal(t, -1, p.Left)
			assert.EqualValues(t, -1, p.Remaining)
			assert.LessOrEqual(t, p.Read, 61)
			assert.Equal(t, p.Read, p.Done+p.Running+p.Waiting)
			assert.InDelta(t, 1, p.Rate, 0.05)
		}
		p := c.Progress()
		assert.Equal(t, 100, p.Total)
		assert.Equal(t, 100, p.Done)
		assert.Equal(t, 1, p.Failed)
		assert.Equal(t, 1, p.Repeated)
		assert.Zero(t, p.Left+p.Waiting+p.Running+p.NotBegun+p.Kept)
		assert.Zero(t, p.Remaining)
		assert.Equal(t, time.Minute, p.Throttled)
		assert.Equal(t, 99*time.Second, p.Elapsed)
	})
}

// Targets finished by an earlier run count as kept, and do not make the run look fast.
func TestProgressOfACampaign(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		targets := targetsIn("a.test", 100)
		for _, x := range targets {
			a.set(x.Mailbox, nil)
		}
		r, err := quarantine.NewRouter([]quarantine.Route{withJournal(t, a, &quarantine.MemoryJournal{})}, &quarantine.RouterOptions{PerServer: 1})
		require.NoError(t, err)
		for _, err := range r.QuarantineCampaign(t.Context(), "c", slices.Values(targets[:60])) {
			require.NoError(t, err)
		}
		a.search = func(context.Context, string) error { time.Sleep(time.Second); return nil }
		c := r.NewCampaign(&quarantine.CampaignOptions{Name: "c", Total: 100})
		n := 0
		for _, err := range c.Quarantine(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
			if n++; n == 80 {
				p := c.Progress()
				assert.Equal(t, 60, p.Kept)
				assert.Equal(t, 80, p.Done)
				assert.Equal(t, 20, p.Left)
				assert.InDelta(t, 1, p.Rate, 0.1)
				assert.InDelta(t, 20, p.Remaining.Seconds(), 2)
			}
		}
		assert.Equal(t, 100, n)
		assert.Equal(t, 40*time.Second, c.Progress().Elapsed)
	})
}
