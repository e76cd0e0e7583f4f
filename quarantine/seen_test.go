package quarantine_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// An item that a search lists and nothing else finds could not be begun: that is not
// the same as nothing, nor as refused.
func TestListedOnly(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		ghost := w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Fail(ewstest.When{Item: func(m *ewstest.Message) bool { return m.ID.ID == ghost.ID.ID }}, ewstest.Ghost)
		r := w.taken(t)
		require.Len(t, r.Items, 1)
		assert.Equal(t, quarantine.NotBegun, r.Outcome())
		require.ErrorContains(t, r.Err(), "a search lists it, but it cannot be opened")
		require.ErrorIs(t, r.Err(), quarantine.ErrGone)
	})
}

// A message that has just been put back is taken again although the search does not
// show it yet.
func TestTakenAgainWithinTheLag(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		r := w.taken(t)
		require.NoError(t, r.Err())
		time.Sleep(time.Hour)
		w.Fail(ewstest.When{}, ewstest.Lag(40*time.Second))
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 2, 0, "after the restore")

		found, err := w.service.Find(t.Context(), theTarget)
		require.NoError(t, err)
		assert.Len(t, found.Items, 2)
		again := w.taken(t)
		require.NoError(t, again.Err())
		assert.Equal(t, quarantine.Quarantined, again.Outcome())
		w.count(t, 0, 2, "after the second quarantine")
	})
}

// The same in the other direction, without the receipt.
func TestPutBackWithinTheLag(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Fail(ewstest.When{}, ewstest.Lag(40*time.Second))
		time.Sleep(time.Hour)
		r := w.taken(t)
		require.NoError(t, r.Err())
		w.count(t, 0, 2, "after the quarantine")
		again := w.taken(t)
		require.NoError(t, again.Err())
		assert.Equal(t, quarantine.AlreadyQuarantined, again.Outcome())

		back, err := w.service.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 2, 0, "after the restore")
	})
}

// The owner permanently deletes a copy just after it has been found: the receipt
// names it, along with the one that was taken.
func TestVanishedIsNamed(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, others := range []int{0, 1} {
			w := newWorld(t, o)
			box := w.Mailbox(alice)
			doomed := box.Deliver(eml(theID, "Invoice"))
			for range others {
				box.Deliver(eml(theID, "Invoice"))
			}
			w.OnRequest(func(_ int, q *ewstest.Request) {
				if q.Operation == ews.OpUpdateItem && doomed != nil {
					box.DeleteMessage(doomed.ID)
					doomed = nil
				}
			})
			r := w.taken(t)
			require.Len(t, r.Items, 1+others)
			assert.Equal(t, quarantine.Undecided, r.Outcome())
			require.ErrorContains(t, r.Err(), "it is neither there nor in quarantine")
			w.count(t, 0, others, "after the quarantine")
		}
	})
}

// The owner files a copy just after it has been found, where the search does not
// show it yet: the run waits for it.
func TestVanishedIsWaitedFor(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		elsewhere := box.AddFolder(nil, "Elsewhere")
		filed := box.Deliver(eml(theID, "Invoice"))
		box.Deliver(eml(theID, "Invoice"))
		time.Sleep(time.Hour)
		w.Fail(ewstest.When{}, ewstest.Lag(40*time.Second))
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if q.Operation == ews.OpUpdateItem && filed != nil {
				box.MoveMessage(filed.ID, elsewhere)
				filed = nil
			}
		})
		r := w.taken(t)
		require.NoError(t, r.Err())
		assert.Len(t, r.Items, 2)
		w.count(t, 0, 2, "after the quarantine")
	})
}

// A carry takes effect when nobody expects it any more: the copy that is one too
// many is put aside, and the receipt names it and its place, in JSON, too.
func TestSurplusIsNamed(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			if carriesBy(a.worldOptions) == ews.OpMoveItem {
				return // a late move finds nothing to move
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, patient(a.worldOptions))
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				w.FailNext(carriesBy(a.worldOptions), ewstest.Late(40*time.Minute))
				require.Error(t, w.taken(t).Err())
				time.Sleep(30 * time.Minute)
				require.NoError(t, w.taken(t).Err())
				time.Sleep(30 * time.Minute)

				r := w.taken(t)
				require.NoError(t, r.Err())
				require.Len(t, r.Items, 1)
				require.Len(t, r.Items[0].Surplus, 1)
				spare := r.Items[0].Surplus[0]
				assert.Equal(t, "/Surplus", spare.Folder.Path)
				assert.Equal(t, vault, spare.Mailbox)
				assert.Equal(t, "a second copy", spare.Why)
				assert.Contains(t, r.Items[0].Residue, "a second copy is in /Surplus of "+vault)
				box := w.Mailbox(vault)
				var there []string
				for _, m := range box.Messages() {
					if m.Folder == "/Surplus" {
						there = append(there, m.ID.ID)
					}
				}
				assert.Equal(t, []string{spare.ItemID}, there)

				b, err := json.Marshal(r)
				require.NoError(t, err)
				var read quarantine.Receipt
				require.NoError(t, json.Unmarshal(b, &read))
				assert.Equal(t, r.Items[0].Surplus, read.Items[0].Surplus)
			})
		})
	}
}
