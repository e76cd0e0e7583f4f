package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// down is the error from a server that does not answer.
var down = &driver.Error{Err: errors.New("connection refused"), Untouched: true, Temporary: true}

// verdicts is the number of targets of each server that were done, failed and not begun.
type verdicts struct{ done, failed, notBegun int }

// A server that is down does not fail all of its targets one by one, and does not stop the
// others.
func TestMaxFailures(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]func(*quarantine.Router, context.Context, []quarantine.Target) map[string]*verdicts{
		"quarantine": func(r *quarantine.Router, ctx context.Context, ts []quarantine.Target) map[string]*verdicts {
			return tallied(r.QuarantineAll(ctx, slices.Values(ts)))
		},
		"find": func(r *quarantine.Router, ctx context.Context, ts []quarantine.Target) map[string]*verdicts {
			return tallied(r.FindAll(ctx, slices.Values(ts)))
		},
		"restore": func(r *quarantine.Router, ctx context.Context, ts []quarantine.Target) map[string]*verdicts {
			var receipts []*quarantine.Receipt
			for _, target := range ts {
				server := "A"
				if target.Mailbox[len(target.Mailbox)-6:] == "b.test" {
					server = "B"
				}
				receipts = append(receipts, &quarantine.Receipt{Action: "quarantine", Server: server, Target: target, Items: []quarantine.ReceiptItem{
					{Outcome: quarantine.Quarantined, Operation: driver.NewOperation(), To: quarantine.Place{ItemID: "1"}},
				}})
			}
			return tallied(r.RestoreAll(ctx, slices.Values(receipts)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := newLedger("A"), newLedger("B")
				a.search = func(context.Context, string) error { return down }
				targets := slices.Concat(targetsIn("a.test", 12), targetsIn("b.test", 12))
				r := claimed(t, &quarantine.RouterOptions{PerServer: 1, MaxFailures: 3}, targets, map[string]*ledger{"a.test": a, "b.test": b})
				a.set("vault@a.test", down)
				for range 2 { // each call starts counting again
					got := all(r, t.Context(), targets)
					assert.Equal(t, verdicts{failed: 3, notBegun: 9}, *got["A"])
					assert.Zero(t, got["B"].notBegun)
				}
			})
		})
	}
}

// tallied counts verdicts by server.
func tallied(all func(func(*quarantine.Receipt, error) bool)) map[string]*verdicts {
	counts := map[string]*verdicts{"A": {}, "B": {}}
	for r, err := range all {
		switch c := counts[r.Server]; {
		case errors.Is(err, quarantine.ErrNotBegun):
			c.notBegun++
		case err != nil || r.Err() != nil:
			c.failed++
		default:
			c.done++
		}
	}
	return counts
}

// Only failures in a row count, and what is wrong with a target itself does not.
func TestMaxFailuresInARow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fails func(i int) error
		want  verdicts
	}{
		"one in three":       {func(i int) error { return when(i%3 != 0, down) }, verdicts{done: 4, failed: 8}},
		"no such mailbox":    {func(int) error { return fmt.Errorf("%w: gone", quarantine.ErrUnreachable) }, verdicts{failed: 12}},
		"a mailbox between":  {func(i int) error { return when(i != 1, down, quarantine.ErrUnreachable) }, verdicts{failed: 4, notBegun: 8}},
		"all from the sixth": {func(i int) error { return when(i >= 6, down) }, verdicts{done: 6, failed: 3, notBegun: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, i := newLedger("A"), -1
				a.search = func(_ context.Context, address string) error {
					i = slices.Index(addressesOf(12), address)
					return tc.fails(i)
				}
				targets := targetsIn("a.test", 12)
				r := claimed(t, &quarantine.RouterOptions{PerServer: 1, MaxFailures: 3}, targets, map[string]*ledger{"a.test": a})
				order := func(yield func(quarantine.Target) bool) { // one after another
					for _, target := range targets {
						if !yield(target) {
							return
						}
						synctest.Wait()
					}
				}
				assert.Equal(t, tc.want, *tallied(r.QuarantineAll(t.Context(), order))["A"])
			})
		})
	}
}

func addressesOf(n int) (all []string) {
	for _, target := range targetsIn("a.test", n) {
		all = append(all, target.Mailbox)
	}
	return all
}

// when returns err if a condition holds, otherwise the first of or, or nil.
func when(holds bool, err error, or ...error) error {
	switch {
	case holds:
		return err
	case len(or) > 0:
		return or[0]
	}
	return nil
}

// Without the setting, all are tried.
func TestMaxFailuresIsOff(t *testing.T) {
	t.Parallel()
	a := newLedger("A")
	a.search = func(context.Context, string) error { return down }
	targets := targetsIn("a.test", 30)
	r := claimed(t, nil, targets, map[string]*ledger{"a.test": a})
	assert.Equal(t, verdicts{failed: 30}, *tallied(r.QuarantineAll(t.Context(), slices.Values(targets)))["A"])
	_, err := quarantine.NewRouter([]quarantine.Route{{Service: a.service(t)}}, &quarantine.RouterOptions{MaxFailures: -1})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, "MaxFailures")
}
