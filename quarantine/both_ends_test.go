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

// A run in the other direction does not settle what a run has left at both ends, but
// says what does; and that does settle it.
func TestBothEndsSayWhatToDo(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) == ews.OpMoveItem {
			return // a move can be repeated, and leaves nothing at both ends
		}
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.FailNext(carriesBy(o), ewstest.Late(time.Hour))
		taken := w.taken(t)
		restore := func() *quarantine.Receipt {
			r, err := w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			return r
		}
		restore()
		time.Sleep(2 * time.Hour)
		w.count(t, 1, 1, "the request took effect, after the restore")
		r := restore()
		assert.Equal(t, quarantine.Undecided, r.Outcome())
		require.ErrorContains(t, r.Err(), "quarantine it again, before it is restored")
		w.count(t, 1, 1, "nobody has settled it")
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 1, "quarantined again")
		require.NoError(t, restore().Err())
		w.count(t, 1, 0, "restored")
	})
}

// It says the same if no run has been interrupted: the user has the message again, with
// its stamp, because somebody has copied it back.
func TestCopiedBackByHand(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		require.NoError(t, w.taken(t).Err())
		copied, err := w.Client("svc", nil).CopyItem(t.Context(), ews.CopyItemRequest{
			IDs: []ews.ItemID{{ID: w.in(vault, theID)[0].ID.ID}}, To: ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice},
		})
		require.NoError(t, err)
		require.NoError(t, copied.Err())
		time.Sleep(24 * time.Hour)
		restore := func() *quarantine.Receipt {
			r, err := w.service.RestoreMessage(t.Context(), theTarget)
			require.NoError(t, err)
			return r
		}
		r := restore()
		assert.Equal(t, quarantine.Undecided, r.Outcome())
		require.ErrorContains(t, r.Err(), "or somebody has put a copy back; recover, or quarantine it again, before it is restored")
		w.count(t, 1, 1, "nothing was done")
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 1, "quarantined again")
		require.NoError(t, restore().Err())
		w.count(t, 1, 0, "restored")
	})
}
