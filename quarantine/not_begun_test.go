package quarantine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

var errBusy = &driver.Error{Err: errors.New("the server is busy"), Untouched: true, Answered: true, Temporary: true}

// Not begun is distinguished from failed on the way: it is certain that nothing was
// changed only before the first change that may have taken effect.
func TestNotBegun(t *testing.T) {
	t.Parallel()
	lost := &driver.Error{Err: errors.New("the connection was lost"), Temporary: true}
	for name, tt := range map[string]struct {
		at      detour.Kind
		err     error
		outcome quarantine.Outcome
		marks   int
	}{
		"busy before the mark":    {detour.Mark, errBusy, quarantine.NotBegun, 0},
		"the mark was lost":       {detour.Mark, lost, quarantine.Undecided, 0},
		"busy after the mark":     {detour.Carry, errBusy, quarantine.Failed, 1},
		"the carry was lost":      {detour.Carry, lost, quarantine.Undecided, 1},
		"the mailbox is not read": {detour.Inspect, errBusy, quarantine.Failed, 1}, // the mark is read back
		"not allowed":             {detour.Mark, &driver.Error{Err: errors.New("access is denied"), Untouched: true, Answered: true}, quarantine.Refused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				x := twobox.New(alice, vault)
				o := x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
				marks := 0
				journal := &quarantine.MemoryJournal{}
				s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
					if c.Kind == tt.at && c.Box == alice {
						c.Fail(tt.err)
						return
					}
					if c.Kind == detour.Mark && c.Change.Stamp != nil {
						marks++
					}
					c.Act()
				}), vault, &quarantine.Options{Journal: journal})
				require.NoError(t, err)
				r, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
				require.Len(t, r.Items, 1)
				assert.Equal(t, tt.outcome, r.Items[0].Outcome, "%v", r.Err())
				assert.Equal(t, tt.outcome, r.Outcome())
				require.Error(t, r.Err())
				assert.Equal(t, tt.marks, marks)
				if tt.outcome == quarantine.NotBegun {
					assert.Equal(t, 1, o.Version, "nothing was changed")
					for in, err := range journal.Pending(t.Context()) {
						assert.Fail(t, "an intent is left", "%v %v", in, err)
					}
				}
			})
		})
	}
}

// A context that ends before the first change: nothing was begun.
func TestCancelledBeforeTheFirstChange(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		ctx, cancel := context.WithCancel(t.Context())
		w.OnResponse(func(_ int, r *ewstest.Request) {
			if r.Operation == ews.OpFindItem {
				cancel()
			}
			assert.NotEqual(t, ews.OpUpdateItem, r.Operation)
		})
		r, err := w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: theID})
		w.OnResponse(nil)
		if err == nil {
			require.Len(t, r.Items, 1)
			assert.Equal(t, quarantine.NotBegun, r.Outcome())
			require.ErrorIs(t, r.Err(), context.Canceled)
		} else {
			require.ErrorIs(t, err, context.Canceled)
		}
		w.count(t, 1, 0, "nothing was begun")
	})
}

// A restore that cannot look for one of several items has not begun with it.
func TestRestoreNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		for range 2 {
			x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		}
		blocked := ""
		s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
			if c.Kind == detour.Mark && c.Box == vault && blocked != "" && c.Item.Stamp.Operation == blocked {
				c.Fail(errBusy)
				return
			}
			c.Act()
		}), vault, nil)
		require.NoError(t, err)
		taken, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		blocked = taken.Items[1].Operation
		back, err := s.Restore(t.Context(), taken)
		require.NoError(t, err)
		assert.Equal(t, []quarantine.Outcome{quarantine.Restored, quarantine.NotBegun}, []quarantine.Outcome{back.Items[0].Outcome, back.Items[1].Outcome})
		assert.Equal(t, quarantine.NotBegun, back.Outcome())
		assert.Len(t, x.In(vault, false), 1)
	})
}

// deafJournal can no longer be read once something has to be finished.
type deafJournal struct {
	quarantine.MemoryJournal
	deaf bool
}

func (j *deafJournal) Finish(ctx context.Context, c quarantine.Claim) error {
	j.deaf = true
	return j.MemoryJournal.Finish(ctx, c)
}

func (j *deafJournal) FindTarget(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	if j.deaf {
		return nil, errors.New("the disk is broken")
	}
	return j.MemoryJournal.FindTarget(ctx, t)
}

// Whatever has been taken is in a receipt, whatever fails after that: an error means
// that nothing was attempted.
func TestReceiptInSpiteOfTheJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		s, err := quarantine.New(x.Strategy(driver.WayTransfer), vault, &quarantine.Options{Journal: &deafJournal{}})
		require.NoError(t, err)
		r, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		assert.Equal(t, quarantine.Quarantined, r.Outcome())
		require.ErrorContains(t, r.Err(), "not all settled: journal: the disk is broken")
	})
}
