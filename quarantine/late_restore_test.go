package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A restore request takes effect long after anyone expected it, when the message is
// already back: one copy stays where it was, the other goes to Deleted Items, and the
// receipt says so. What was put aside does not count as restored later.
func TestRestoreFarTooLate(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		for i := range 2 {
			box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Received: time.Date(1999, 12, 31, 8, i, 0, 0, time.UTC)})
		}
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		ask := func() *quarantine.Receipt {
			r, err := w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			return r
		}
		w.FailNext(carriesBy(o), ewstest.Late(2*time.Hour))
		ask()
		time.Sleep(time.Hour)
		require.NoError(t, ask().Err())
		w.count(t, 2, 0, "an hour later")
		time.Sleep(3 * time.Hour)
		moves := carriesBy(o) == ews.OpMoveItem // the second time, there was nothing to move
		for i := range 2 {
			r := ask()
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.AlreadyRestored, r.Outcome())
			inbox := 0
			for _, m := range w.in(alice, theID) {
				if m.Folder == "/Inbox" {
					inbox++
				} else {
					assert.Equal(t, "/Deleted Items", m.Folder)
				}
			}
			assert.Equal(t, 2, inbox)
			if !moves {
				w.count(t, 3, 0, "four hours later")
				told := r.Items[0].Residue + r.Items[1].Residue
				assert.Equal(t, i == 0, told == "a second copy, which came late, is in Deleted Items of "+alice, told)
			}
		}
	})
}

// The same with twins that differ only in their content: the one with different
// content does not make room for a second copy.
func TestTwinRestoredFarTooLate(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) == ews.OpMoveItem {
			return // a late move finds nothing to move
		}
		w := newWorld(t, o)
		for _, text := range []string{"one", "two"} {
			w.Mailbox(alice).DeliverWith(append(eml(theID, "Invoice"), text...), ewstest.Delivery{Received: time.Date(1999, 12, 31, 8, 0, 0, 0, time.UTC)})
		}
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		restore := func() {
			_, err := w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
		}
		w.FailNext(carriesBy(o), ewstest.Late(2*time.Hour))
		restore()
		for range 3 {
			time.Sleep(time.Hour)
			restore()
		}
		w.count(t, 3, 0, "when the late one has come")
		inbox := 0
		for _, m := range w.in(alice, theID) {
			if m.Folder == "/Inbox" {
				inbox++
			}
			assert.False(t, m.Folder == "/Inbox" && stamped(m))
		}
		assert.Equal(t, 2, inbox, "the third is put aside")
	})
}
