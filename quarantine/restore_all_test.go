package quarantine_test

import (
	"context"
	"errors"
	"iter"
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

// takenAll quarantines one message in each of some mailboxes and returns the receipts.
func takenAll(t *testing.T, w *world, mailboxes ...string) (receipts []*quarantine.Receipt) {
	t.Helper()
	for _, m := range mailboxes {
		w.Mailbox(m).Deliver(eml(evil, "Invoice"))
		r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: m, MessageID: evil})
		require.NoError(t, err)
		require.Equal(t, quarantine.Quarantined, r.Outcome())
		receipts = append(receipts, r)
	}
	return receipts
}

// restorers returns functions that restore all receipts, as a service does and
// as a router does.
func restorers(t *testing.T, w *world) map[string]func(context.Context, iter.Seq[*quarantine.Receipt]) iter.Seq2[*quarantine.Receipt, error] {
	t.Helper()
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: w.service}}, nil)
	require.NoError(t, err)
	return map[string]func(context.Context, iter.Seq[*quarantine.Receipt]) iter.Seq2[*quarantine.Receipt, error]{
		"service": w.service.RestoreAll, "router": r.RestoreAll,
	}
}

// One receipt that cannot be restored does not stop the others.
func TestRestoreAll(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"service", "router"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{})
			receipts := takenAll(t, w, alice, bob, carol)
			search := *receipts[0]
			search.Action = "find"
			all := slices.Concat([]*quarantine.Receipt{nil, &search}, receipts, receipts[:1])
			outcomes := map[quarantine.Outcome]int{}
			var refused []string
			for receipt, err := range restorers(t, w)[name](t.Context(), slices.Values(all)) {
				require.NotNil(t, receipt)
				assert.Equal(t, "restore", receipt.Action)
				if err != nil {
					require.ErrorIs(t, err, quarantine.ErrInvalid)
					refused = append(refused, receipt.Target.Mailbox)
					continue
				}
				require.NoError(t, receipt.Err())
				outcomes[receipt.Outcome()]++
			}
			slices.Sort(refused)
			assert.Equal(t, []string{"", alice}, refused)
			assert.Equal(t, map[quarantine.Outcome]int{quarantine.Restored: 3, quarantine.AlreadyRestored: 1}, outcomes)
			for _, m := range []string{alice, bob, carol} {
				assert.Len(t, w.in(m, evil), 1, m)
			}
		})
	}
}

// asTaken returns receipts as if something had been taken from each mailbox.
func asTaken(server string, targets []quarantine.Target) (all []*quarantine.Receipt) {
	for _, t := range targets {
		all = append(all, &quarantine.Receipt{Action: "quarantine", Server: server, Target: t, Items: []quarantine.ReceiptItem{{
			Outcome: quarantine.Quarantined, Operation: driver.NewOperation(), MessageID: t.MessageID,
		}}})
	}
	return all
}

// At most PerServer are in progress on each server; when the context ends, nothing
// more is begun, and everything that was read is accounted for.
func TestRestoreAllEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		targets := targetsIn("a.test", 40)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 3}, targets, map[string]*ledger{"a.test": a})
		why := errors.New("the product stops")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		var begun atomic.Int32
		a.search = func(ctx context.Context, _ string) error {
			begun.Add(1)
			time.Sleep(time.Second)
			return nil
		}
		read := 0
		receipts := func(yield func(*quarantine.Receipt) bool) {
			for _, one := range asTaken("A", targets) {
				read++
				if !yield(one) {
					return
				}
			}
		}
		var worked, notBegun, last int
		for receipt, err := range r.RestoreAll(ctx, receipts) {
			switch {
			case receipt == nil:
				assert.ErrorIs(t, err, why)
				last++
			case errors.Is(err, quarantine.ErrNotBegun):
				assert.ErrorIs(t, err, why)
				assert.Equal(t, "A", receipt.Server)
				assert.NotEmpty(t, receipt.Target.Mailbox)
				notBegun++
			default:
				if worked++; worked == 6 {
					cancel(why)
				}
			}
		}
		assert.Equal(t, 1, last, "not all were read")
		assert.Equal(t, read, worked+notBegun, "what was read is accounted for")
		assert.Less(t, read, len(targets))
		assert.Positive(t, notBegun)
		assert.LessOrEqual(t, a.most, 3)
		assert.LessOrEqual(t, worked, 9)
		synctest.Wait()
		assert.Zero(t, a.finding)
	})
}

// A receipt that names no server, or an unknown one, is refused without
// affecting the others.
func TestRestoreAllOnSeveralServers(t *testing.T) {
	t.Parallel()
	r, a, b := twoOrganisations(t, nil, "b.test")
	receipts := slices.Concat(takenAll(t, a, "alice@a.test"), takenAll(t, b, "bob@b.test"))
	lost := *receipts[0]
	lost.Server = "C"
	done := map[string]quarantine.Outcome{}
	for receipt, err := range r.RestoreAll(t.Context(), slices.Values(append(receipts, &lost))) {
		if receipt.Server == "C" {
			assert.ErrorIs(t, err, quarantine.ErrInvalid)
			continue
		}
		require.NoError(t, err)
		done[receipt.Server+" "+receipt.Target.Mailbox] = receipt.Outcome()
	}
	assert.Equal(t, map[string]quarantine.Outcome{"A alice@a.test": quarantine.Restored, "B bob@b.test": quarantine.Restored}, done)
}
