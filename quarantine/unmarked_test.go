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

// A run could not mark a message, and ended undecided: the next one takes it, and nothing
// of the first is left to be decided.
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
		assert.Less(t, len(w.Requests())-before, 30)
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
