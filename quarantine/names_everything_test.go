package quarantine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// One receipt names everything that lies in quarantine for the target: what this run
// took, and what an earlier run had taken, as quarantined for the same case, and as
// already quarantined for another one. All of it can be restored with that receipt. A
// run does not wait until a search shows what it has taken itself.
func TestOneReceiptNamesEverything(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		ask := func(reference string) *quarantine.Receipt {
			begin := time.Now()
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID, Reference: reference})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Less(t, time.Since(begin), time.Minute)
			return r
		}
		at := time.Date(1999, 12, 31, 8, 0, 0, 0, time.UTC)
		var all []string
		for i, reference := range []string{"INC-1", "INC-2", "INC-2", "INC-2"} {
			if i < 3 {
				w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Received: at.Add(time.Duration(i) * time.Hour)})
			}
			r := ask(reference)
			var outcomes []quarantine.Outcome
			for _, it := range r.Items {
				outcomes = append(outcomes, it.Outcome)
				if !slices.Contains(all, it.Operation) {
					all = append(all, it.Operation)
				}
			}
			slices.Sort(outcomes)
			assert.Equal(t, [][]quarantine.Outcome{
				{quarantine.Quarantined},
				{quarantine.AlreadyQuarantined, quarantine.Quarantined},
				{quarantine.AlreadyQuarantined, quarantine.Quarantined, quarantine.Quarantined},
				{quarantine.AlreadyQuarantined, quarantine.Quarantined, quarantine.Quarantined},
			}[i], outcomes)
			assert.Len(t, all, min(i+1, 3), "each is named by the same operation again")
			if i < 3 {
				continue
			}
			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Len(t, back.Items, 3)
			w.count(t, 3, 0, "restored by one receipt")
		}
	})
}

// If quarantine cannot be searched for what earlier runs took, the receipt contains what
// this run did, and reports that it is incomplete.
func TestQuarantineNotSearchedInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		removed := false
		s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
			if removed = removed || c.Kind == detour.Remove; removed && c.Kind == detour.Find && c.Box == vault {
				c.Fail(&driver.Error{Err: errors.New("access is denied"), Untouched: true, Answered: true, Cause: driver.CauseNoPermission})
				return
			}
			c.Act()
		}), vault, nil)
		require.NoError(t, err)
		r, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.Len(t, r.Items, 1)
		assert.Equal(t, quarantine.Quarantined, r.Outcome())
		require.ErrorContains(t, r.Err(), "what earlier runs took is not in the receipt")
		require.ErrorContains(t, r.Err(), "the quarantine in "+vault+" was not searched completely")
		assert.Equal(t, quarantine.CauseNoPermission, r.Unsearched[0].Cause)
		assert.Equal(t, vault, r.Unsearched[0].Mailbox)
	})
}
