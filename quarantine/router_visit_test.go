package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// turns returns targets in mailboxes that take turns.
func turns(mailboxes, each int) (all []quarantine.Target) {
	for n := range each {
		for m := range mailboxes {
			all = append(all, quarantine.Target{Mailbox: fmt.Sprintf("u%d@a.test", m), MessageID: fmt.Sprintf("<%d@evil.example>", n)})
		}
	}
	return all
}

// Targets of one mailbox are worked on together, though they are far apart in the list.
func TestQuarantineAllGroupsByMailbox(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		window  int
		changes int // how often a mailbox is begun that was not worked on in the second before
	}{
		"all in the window": {0, 2*20 + 8}, // eight begin alone, before the others have come; some groups are split
		"too small for it":  {4, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newLedger("A")
				start := time.Now()
				var mu sync.Mutex
				var began [][]string // of each second
				together := map[string]int{}
				a.search = func(_ context.Context, address string) error {
					mu.Lock()
					for second := int(time.Since(start).Seconds()); len(began) <= second; {
						began = append(began, nil)
					}
					began[len(began)-1] = append(began[len(began)-1], address)
					together[address]++
					mu.Unlock()
					time.Sleep(time.Second)
					return nil
				}
				targets := turns(20, 8)
				r := claimed(t, &quarantine.RouterOptions{PerServer: 8, Window: tc.window}, targets, map[string]*ledger{"a.test": a})
				n := 0
				for _, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
					require.NoError(t, err)
					n++
				}
				assert.Equal(t, 160, n)
				if tc.window == 0 {
					assert.Equal(t, 20*time.Second, time.Since(start), "no slot is idle")
				}
				assert.Equal(t, 8, together["u0@a.test"])
				changes := 0
				var before []string
				for _, now := range began { // the order within a second is random
					slices.Sort(now)
					now = slices.Compact(now)
					for _, address := range now {
						if !slices.Contains(before, address) {
							changes++
						}
					}
					before = now
				}
				if tc.window == 0 {
					assert.LessOrEqual(t, changes, tc.changes)
				} else {
					assert.GreaterOrEqual(t, changes, tc.changes)
				}
			})
		})
	}
}

// What one mailbox of many costs the others if it is left alone for five minutes, or
// if something hangs in it for as long.
func TestQuarantineAllIsFair(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		search func(ctx context.Context, address string)
		most   float64 // of the others' time, in percent
	}{
		"the server wants it left alone": {func(ctx context.Context, address string) {
			driver.Spend(ctx, driver.Spending{Payer: strings.ToUpper(address), BackOff: 5 * time.Minute})
			time.Sleep(5 * time.Minute)
			driver.Spend(ctx, driver.Spending{Payer: address, Waited: 5 * time.Minute})
		}, 1},
		"it hangs": {func(context.Context, string) { time.Sleep(5 * time.Minute) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const boxes, each = 1000, 3
				took := func(bad string) time.Duration {
					a := newLedger("A")
					a.search = func(ctx context.Context, address string) error {
						time.Sleep(time.Second)
						if address == bad {
							tc.search(ctx, address)
						}
						return nil
					}
					var targets []quarantine.Target
					for m := range boxes {
						for n := range each {
							targets = append(targets, quarantine.Target{Mailbox: fmt.Sprintf("u%d@a.test", m), MessageID: fmt.Sprintf("<%d@evil.example>", n)})
						}
					}
					r := claimed(t, nil, targets, map[string]*ledger{"a.test": a})
					start, last := time.Now(), time.Duration(0)
					n := 0
					for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
						require.NoError(t, err)
						if n++; receipt.Target.Mailbox != bad {
							last = time.Since(start)
						}
					}
					assert.Equal(t, boxes*each, n)
					return last
				}
				best := took("")
				assert.Equal(t, boxes*each/8*time.Second, best)
				with := took("u7@a.test")
				lost := (with - best).Seconds() / best.Seconds() * 100
				t.Logf("the others lose %.2f %%", lost)
				assert.LessOrEqual(t, lost, tc.most)
			})
		})
	}
}

// A pause for the account concerns all mailboxes, so nothing more is begun because of it.
func TestQuarantineAllDoesNotLendForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		a.search = func(ctx context.Context, _ string) error {
			driver.Spend(ctx, driver.Spending{Payer: "svc", BackOff: 5 * time.Second})
			time.Sleep(5 * time.Second)
			return nil
		}
		targets := targetsIn("a.test", 20)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 2}, targets, map[string]*ledger{"a.test": a})
		for _, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
		}
		assert.Equal(t, 2, a.most)
	})
}

// However many mailboxes hang, no more than twice PerServer are in progress.
func TestQuarantineAllLendsSome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		a.search = func(context.Context, string) error { time.Sleep(time.Minute); return nil }
		targets := targetsIn("a.test", 40)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 2}, targets, map[string]*ledger{"a.test": a})
		for _, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
		}
		assert.Equal(t, 4, a.most)
	})
}

// Each target that was read but not begun when the context ends has one result
// that says so.
func TestQuarantineAllTellsWhatIsNotBegun(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"all read": 50, "not all read": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := newLedger("A")
				a.search = func(ctx context.Context, _ string) error { time.Sleep(time.Second); return context.Cause(ctx) }
				targets := targetsIn("a.test", n)
				r := claimed(t, &quarantine.RouterOptions{PerServer: 2, Window: 100}, targets, map[string]*ledger{"a.test": a})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				told := map[string]int{}
				done, cut, notBegun, ends := 0, 0, 0, 0
				for receipt, err := range r.QuarantineAll(ctx, slices.Values(targets)) {
					if receipt == nil {
						require.ErrorIs(t, err, context.Canceled)
						ends++
						continue
					}
					told[receipt.Target.Mailbox]++
					switch {
					case err == nil:
						if done++; done == 10 {
							cancel()
						}
					case errors.Is(err, quarantine.ErrNotBegun):
						require.ErrorIs(t, err, context.Canceled)
						notBegun++
					default:
						require.ErrorIs(t, err, context.Canceled)
						cut++
					}
				}
				assert.GreaterOrEqual(t, done, 10)
				assert.LessOrEqual(t, cut, 2, "those in progress")
				for mailbox, times := range told {
					assert.Equal(t, 1, times, mailbox)
				}
				if n == 50 {
					assert.Len(t, told, n)
					assert.Zero(t, ends, "all were read")
				} else {
					assert.LessOrEqual(t, notBegun, 101)
					assert.Equal(t, 1, ends)
				}
			})
		})
	}
}

// A mailbox with thousands of targets does not keep one with a single target waiting until
// all those in the window have been begun.
func TestQuarantineAllBesideALargeMailbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newLedger("A")
		a.search = func(context.Context, string) error {
			time.Sleep(time.Second)
			return nil
		}
		targets := turns(1, 1000)
		small := quarantine.Target{Mailbox: "small@a.test", MessageID: "<1@evil.example>"}
		targets = slices.Insert(targets, 200, small)
		r := claimed(t, &quarantine.RouterOptions{PerServer: 8}, targets, map[string]*ledger{"a.test": a})
		began := time.Now()
		for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(targets)) {
			require.NoError(t, err)
			if receipt.Target == small {
				assert.LessOrEqual(t, time.Since(began), 6*time.Second)
			}
		}
		assert.Equal(t, 126*time.Second, time.Since(began), "no slot is idle")
	})
}
