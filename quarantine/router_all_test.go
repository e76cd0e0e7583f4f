package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// targetsIn returns one target in each of n mailboxes of a domain.
func targetsIn(domain string, n int) []quarantine.Target {
	var all []quarantine.Target
	for i := range n {
		all = append(all, quarantine.Target{Mailbox: fmt.Sprintf("u%d@%s", i, domain), MessageID: evil})
	}
	return all
}

// claimed returns a router over servers, each of which claims its own domain
// and has all the mailboxes of the targets.
func claimed(t *testing.T, opts *quarantine.RouterOptions, targets []quarantine.Target, ledgers map[string]*ledger) *quarantine.Router {
	t.Helper()
	var routes []quarantine.Route
	for domain, l := range ledgers {
		for _, target := range targets {
			l.set(target.Mailbox, nil)
		}
		routes = append(routes, quarantine.Route{Service: l.service(t), Domains: []string{domain}})
	}
	r, err := quarantine.NewRouter(routes, opts)
	require.NoError(t, err)
	return r
}

func TestQuarantineAllBoundsEachServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, string) error { time.Sleep(time.Second); return nil }
		a, b := newLedger("A"), newLedger("B")
		a.search, b.search = slow, slow
		targets := slices.Concat(targetsIn("a.test", 12), targetsIn("b.test", 12))
		r := claimed(t, &quarantine.RouterOptions{PerServer: 3}, targets, map[string]*ledger{"a.test": a, "b.test": b})
		began := time.Now()
		seen := map[string]int{}
		for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
			assert.Equal(t, quarantine.NotFound, receipt.Outcome())
			seen[receipt.Target.Mailbox]++
		}
		assert.Len(t, seen, len(targets))
		assert.Equal(t, 3, a.most)
		assert.Equal(t, 3, b.most)
		assert.Equal(t, 4*time.Second, time.Since(began), "both at once")
	})
}

// A mailbox whose server does not answer holds a slot for no longer than is allowed.
func TestQuarantineAllBoundsEachTarget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		a.search = func(ctx context.Context, address string) error {
			if address != "u0@a.test" {
				return nil
			}
			<-ctx.Done()
			return context.Cause(ctx)
		}
		targets := targetsIn("a.test", 3)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 1, TargetFor: 5 * time.Minute}, targets, map[string]*ledger{"a.test": a})
		began := time.Now()
		late := 0
		for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
			if receipt.Target.Mailbox == "u0@a.test" {
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.ErrorContains(t, err, "took longer than 5m0s")
				late++
				continue
			}
			require.NoError(t, err)
		}
		assert.Equal(t, 1, late)
		assert.Equal(t, 5*time.Minute, time.Since(began))
	})
	_, err := quarantine.NewRouter(nil, &quarantine.RouterOptions{TargetFor: -1})
	assert.ErrorIs(t, err, quarantine.ErrInvalid)
}

// TestQuarantineAllYieldsAsTheyCome: neither the slowest target nor one that
// has not been yielded yet holds up the others.
func TestQuarantineAllYieldsAsTheyCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		a.search = func(_ context.Context, address string) error {
			if address == "u0@a.test" {
				time.Sleep(time.Minute)
			}
			return nil
		}
		targets := targetsIn("a.test", 3)
		r := claimed(t, nil, targets, map[string]*ledger{"a.test": a})
		late := func(yield func(quarantine.Target) bool) {
			for i, target := range targets {
				if i == 2 {
					time.Sleep(time.Second)
				}
				if !yield(target) {
					return
				}
			}
		}
		began := time.Now()
		var order []string
		var took []time.Duration
		for receipt, err := range r.QuarantineAll(t.Context(), late) {
			require.NoError(t, err)
			order = append(order, receipt.Target.Mailbox)
			took = append(took, time.Since(began))
		}
		assert.Equal(t, []string{"u1@a.test", "u2@a.test", "u0@a.test"}, order)
		assert.Equal(t, []time.Duration{0, time.Second, time.Minute}, took)
	})
}

func TestQuarantineAllGoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	a := newLedger("A")
	targets := targetsIn("a.test", 20)
	r := claimed(t, nil, targets, map[string]*ledger{"a.test": a})
	broken := errors.New("broken")
	a.set("u3@a.test", broken)
	a.remove("u5@a.test")
	targets = append(targets, quarantine.Target{Mailbox: "u1@a.test"}, quarantine.Target{Mailbox: "u1@b.test", MessageID: evil})
	failed := map[string]error{}
	good := 0
	for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
		require.NotNil(t, receipt)
		assert.Equal(t, "quarantine", receipt.Action)
		assert.NotNil(t, receipt.Items, "plain JSON")
		if err == nil {
			good++
			continue
		}
		failed[receipt.Target.Mailbox] = err
	}
	assert.Equal(t, 18, good)
	require.Len(t, failed, 4)
	assert.ErrorIs(t, failed["u3@a.test"], broken)
	assert.ErrorContains(t, failed["u3@a.test"], `server "A"`)
	assert.ErrorIs(t, failed["u5@a.test"], quarantine.ErrUnreachable)
	assert.ErrorIs(t, failed["u1@a.test"], quarantine.ErrInvalid)
	assert.ErrorIs(t, failed["u1@b.test"], quarantine.ErrUnreachable)
}

// TestQuarantineAllEndsCleanly: nothing is left behind. A goroutine that stayed
// would keep the bubble from ending.
func TestQuarantineAllEndsCleanly(t *testing.T) {
	t.Parallel()
	endless := func(yield func(quarantine.Target) bool) {
		for i := 0; yield(quarantine.Target{Mailbox: fmt.Sprintf("u%d@a.test", i), MessageID: evil}); i++ {
		}
	}
	for name, run := range map[string]func(*testing.T, func(context.Context) iter.Seq2[*quarantine.Receipt, error]){
		"the loop is left": func(t *testing.T, all func(context.Context) iter.Seq2[*quarantine.Receipt, error]) {
			for receipt, err := range all(t.Context()) {
				require.NoError(t, err)
				assert.Equal(t, "A", receipt.Server)
				break
			}
		},
		"the loop panics": func(t *testing.T, all func(context.Context) iter.Seq2[*quarantine.Receipt, error]) {
			assert.PanicsWithValue(t, "stop", func() {
				for range all(t.Context()) {
					panic("stop")
				}
			})
		},
		"the context ends": func(t *testing.T, all func(context.Context) iter.Seq2[*quarantine.Receipt, error]) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			why := errors.New("shutting down")
			begun, last := 0, error(nil)
			for receipt, err := range all(ctx) {
				assert.NoError(t, last, "nothing comes after the end")
				switch {
				case receipt == nil:
					last = err
				case err == nil:
					cancel(why)
				case errors.Is(err, quarantine.ErrNotBegun):
					assert.ErrorIs(t, err, why)
				default:
					assert.ErrorIs(t, err, why)
					begun++
				}
			}
			assert.ErrorIs(t, last, why, "not all were begun")
			assert.LessOrEqual(t, begun, 2, "those in progress")
		},
		"the context has ended": func(t *testing.T, all func(context.Context) iter.Seq2[*quarantine.Receipt, error]) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var errs []error
			for receipt, err := range all(ctx) {
				assert.Nil(t, receipt)
				errs = append(errs, err)
			}
			assert.Equal(t, []error{context.Canceled}, errs)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newLedger("A")
				r := claimed(t, &quarantine.RouterOptions{PerServer: 2}, targetsIn("a.test", 100), map[string]*ledger{"a.test": a})
				var begun atomic.Int32
				a.search = func(ctx context.Context, _ string) error {
					if begun.Add(1) == 1 {
						return nil // the others hang
					}
					<-ctx.Done()
					return context.Cause(ctx)
				}
				run(t, func(ctx context.Context) iter.Seq2[*quarantine.Receipt, error] { return r.QuarantineAll(ctx, endless) })
				synctest.Wait()
				assert.Zero(t, a.finding)
			})
		})
	}
}
