package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A run could not mark a message, and ended undecided: the next run takes it, and nothing
// of the first is left undecided.
func TestUnmarkedIsTakenByTheNextRun(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Fail(ewstest.When{Operation: ews.OpUpdateItem}, ewstest.DropBefore)
		require.Equal(t, quarantine.Undecided, w.taken(t).Outcome())
		w.ClearFaults()
		time.Sleep(time.Minute)
		before := len(w.Requests())
		r := w.taken(t)
		require.NoError(t, r.Err())
		assert.Len(t, r.Items, 1)
		w.count(t, 0, 1, "in the end")
		assert.Less(t, len(w.Requests())-before, 32)
		for in, err := range w.journal.Pending(t.Context()) {
			require.NoError(t, err)
			t.Errorf("intent of %s is left", in.Operation)
		}
	})
}

// The original has lost its stamp, and its copy is in quarantine: no second one is made.
func TestUnmarkedButCarried(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		if carriesBy(o) == ews.OpMoveItem {
			w.FailNext(ews.OpMoveItem, ewstest.OnlyCopies)
		}
		w.Fail(ewstest.When{Operation: ews.OpDeleteItem}, ewstest.DropBefore)
		require.Error(t, w.taken(t).Err())
		w.ClearFaults()
		w.count(t, 1, 1, "when the original could not be removed")
		original := w.in(alice, theID)[0]
		user := w.newStrategy(t, o).Mailbox(alice)
		_, err := user.Mark(t.Context(), driver.Item{ID: original.ID.ID, Version: original.ID.ChangeKey, Mailbox: alice}, driver.Change{Clear: true})
		require.NoError(t, err)
		time.Sleep(time.Minute)
		r := w.taken(t)
		assert.ErrorContains(t, r.Err(), "compare the two, and remove one")
		assert.Len(t, r.Items, 1)
		w.count(t, 1, 1, "in the end")
	})
}

// Another process marks and carries the message between the search of a run and its first
// write, and ends undecided: what the search showed is out of date, and the run continues
// with the message as it is now.
func TestMarkedSinceTheSearch(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		other, done := w.newService(t, o), false
		w.OnResponse(func(_ int, r *ewstest.Request) {
			if done || r.Operation != ews.OpFindItem || len(w.Requests()) < 3 {
				return
			}
			done = true
			if carriesBy(o) == ews.OpMoveItem {
				w.FailNext(ews.OpMoveItem, ewstest.OnlyCopies)
			}
			w.Fail(ewstest.When{Operation: ews.OpDeleteItem}, ewstest.DropBefore)
			r1, err := other.Quarantine(t.Context(), theTarget)
			require.NoError(t, err)
			require.Equal(t, quarantine.Undecided, r1.Outcome())
			w.ClearFaults()
			w.count(t, 1, 1, "when the other one has ended")
			time.Sleep(time.Minute)
		})
		r := w.taken(t)
		require.True(t, done)
		require.NoError(t, r.Err())
		assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome(), "the other one has carried it")
		assert.Len(t, r.Items, 1)
		w.count(t, 0, 1, "in the end")
		w.recovered(t) // the intent of the other one is left to the recovery
		w.count(t, 0, 1, "after the recovery")
	})
}
