package quarantine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A message that somebody has moved out of quarantine by hand is back. A restore claims no
// more about it than is true, and it can be taken again.
func TestMovedBackByHand(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		moved, err := w.Client("svc", nil).MoveItem(t.Context(), ews.MoveItemRequest{
			IDs: []ews.ItemID{{ID: w.in(vault, theID)[0].ID.ID}}, To: ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice},
		})
		require.NoError(t, err)
		require.NoError(t, moved.Err())
		w.count(t, 1, 0, "moved by hand")

		residue := func(r *quarantine.Receipt, err error) string {
			require.NoError(t, err)
			require.NoError(t, r.Err())
			require.Equal(t, quarantine.AlreadyRestored, r.Outcome())
			return r.Items[0].Residue
		}
		soon := residue(w.service.Restore(t.Context(), taken))
		assert.Regexp(t, `a quarantine of it may be in progress until \d{4}-.*Z: restore it again after that`, soon)
		time.Sleep(24 * time.Hour)
		for _, told := range []string{residue(w.service.Restore(t.Context(), taken)), residue(w.service.RestoreMessage(t.Context(), theTarget))} {
			assert.Equal(t, "it still carries the stamp of a quarantine that is over: something other than a restore has put it back, or it was never taken; nothing more has to be done for it to stay", told)
		}
		require.NoError(t, w.taken(t).Err(), "quarantined again")
		w.count(t, 0, 1, "quarantined again")
		r, err := w.service.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Empty(t, r.Items[0].Residue)
	})
}

// A message that a run has marked and left is distinguished from it: the journal has it.
func TestRestoreOfWhatWasNeverTaken(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		ctx, cancel := context.WithCancel(t.Context())
		w.OnResponse(func(_ int, r *ewstest.Request) {
			if r.Operation == ews.OpUpdateItem { // it is marked, and the process dies
				w.Fail(ewstest.When{}, ewstest.DropBefore)
				cancel()
			}
		})
		_, _ = w.service.Quarantine(ctx, theTarget)
		w.OnResponse(nil)
		w.ClearFaults()
		w.count(t, 1, 0, "it was marked, and not carried")
		time.Sleep(24 * time.Hour)
		r, err := w.newService(t, o).RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.Equal(t, quarantine.AlreadyRestored, r.Outcome())
		assert.Equal(t, "a quarantine of it was interrupted, and the journal has it: recover settles that, and may take it; restore it after that", r.Items[0].Residue)
	})
}
