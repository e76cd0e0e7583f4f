package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The tests below play counterexamples of the model of package passage.

// copying runs a test, in a bubble, for each access with a way that copies.
func copying(t *testing.T, f func(*testing.T, worldOptions)) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) != ews.OpMoveItem {
			f(t, o)
		}
	})
}

// The owner files the message long after a removal whose answer was lost: a search
// may fail to show it for the lag counted from then, not from the removal.
func TestFiledLongAfterALostRemoval(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		work := box.AddFolder(box.Folder(ews.FolderInbox), "Work")
		box.Deliver(eml(theID, "Invoice"))
		time.Sleep(time.Hour)
		w.Fail(ewstest.When{}, ewstest.Lag(55*time.Second))
		w.FailNext(ews.OpDeleteItem, ewstest.DropBefore)
		removing, filed := false, false
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if removing && !filed && q.Operation == ews.OpGetItem && q.Anchor == alice {
				filed = true
				time.Sleep(50 * time.Second)
				box.MoveMessage(w.in(alice, theID)[0].ID, work)
			}
			removing = removing || q.Operation == ews.OpDeleteItem
		})
		require.NoError(t, w.taken(t).Err())
		require.True(t, filed)
		w.count(t, 0, 1, "in the end")
	})
}

// A copy arrives when the lease has almost ended, and a search does not show it yet
// once the lease has ended.
func TestArrivedAtTheEndOfTheLease(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		set := o.settings
		o.settings = func(s *quarantine.Options) {
			set(s)
			s.WriteDoubt = 3 * time.Minute
		}
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		time.Sleep(time.Hour)
		w.Fail(ewstest.When{}, ewstest.Lag(55*time.Second))
		w.FailNext(carriesBy(o), ewstest.Late(2*time.Minute+58*time.Second))
		held := false
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if !held && q.Operation == carriesBy(o) {
				held = true
				time.Sleep(59 * time.Second) // of the minute in which it may be sent
			}
		})
		begin := time.Now()
		assert.Equal(t, quarantine.Undecided, w.taken(t).Outcome())
		time.Sleep(time.Until(begin.Add(3*time.Minute + 40*time.Second)))
		r := w.taken(t) // it may be undecided
		assert.LessOrEqual(t, len(w.in(vault, theID)), 1, "after %s", r.Outcome())
		time.Sleep(time.Hour)
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 1, "in the end")
	})
}

// DeleteItem reports success but removes nothing, and the owner files the message before
// it is read back: its dead id does not show that it is gone.
func TestFiledAmidAFalseRemoval(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		work := box.AddFolder(box.Folder(ews.FolderInbox), "Work")
		box.Deliver(eml(theID, "Invoice"))
		w.FailNext(ews.OpDeleteItem, ewstest.FalseSuccess)
		filed := false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if !filed && q.Operation == ews.OpDeleteItem {
				filed = true
				box.MoveMessage(w.in(alice, theID)[0].ID, work)
			}
		})
		require.NoError(t, w.taken(t).Err())
		require.True(t, filed)
		w.count(t, 0, 1, "in the end")
	})
}

// A restore is killed after it has made its copy, and an analyst files the original
// in quarantine, where a search does not show it yet: the next restore does not
// assume that the copy is all there is.
func TestRestoredWhileTheOriginalIsHidden(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		ctx, kill := context.WithCancel(t.Context())
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if q.Operation == carriesBy(o) {
				kill()
			}
		})
		r, err := w.service.Restore(ctx, taken)
		require.NoError(t, err)
		require.Equal(t, quarantine.Undecided, r.Outcome())
		w.count(t, 1, 1, "when it was killed")
		time.Sleep(time.Hour)
		w.OnResponse(nil)
		box := w.Mailbox(vault)
		filed := box.AddFolder(box.Folder(ews.FolderInbox), "Seen")
		w.Fail(ewstest.When{}, ewstest.Lag(55*time.Second))
		box.MoveMessage(w.in(vault, theID)[0].ID, filed)
		w.journal = &quarantine.MemoryJournal{}
		r, err = w.newService(t, o).Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		w.count(t, 1, 0, "in the end")
		assert.False(t, stamped(w.in(alice, theID)[0]))
	})
}

// Somebody removes the stamp of the original just after it has been copied: the
// original is not gone, and since the journal knows about it, it is not taken again.
func TestStampRemovedWhileCarried(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		person := w.newStrategy(t, o).Mailbox(alice)
		removed := false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if removed || q.Operation != carriesBy(o) {
				return
			}
			removed = true
			found, err := person.Find(t.Context(), driver.Query{MessageID: theID})
			if assert.NoError(t, err) && assert.Len(t, found.Items, 1) {
				_, err = person.Mark(t.Context(), found.Items[0], driver.Change{Clear: true})
				assert.NoError(t, err)
			}
		})
		r := w.taken(t)
		assert.Equal(t, quarantine.Undecided, r.Outcome())
		require.True(t, removed)
		w.count(t, 1, 1, "after the run")
		for range 2 {
			time.Sleep(time.Hour)
			for r, err := range w.service.Recover(t.Context()) {
				require.NoError(t, err)
				assert.Equal(t, quarantine.Undecided, r.Outcome())
				assert.ErrorContains(t, r.Err(), "stamp")
			}
			w.count(t, 1, 1, "after the recovery")
		}
	})
}

// The answer to a move is lost when the time for sending has almost passed: the same
// move is sent again within that time, or under a new mark.
func TestMovedAgainInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, patient(worldOptions{settings: func(s *quarantine.Options) { s.WriteDoubt = time.Minute }}))
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		var marked time.Time
		moves := 0
		w.OnRequest(func(_ int, q *ewstest.Request) {
			switch {
			case q.Operation == ews.OpUpdateItem:
				marked = time.Now()
			case q.Operation == ews.OpMoveItem:
				moves++
				assert.LessOrEqual(t, time.Since(marked), 20*time.Second, "move %d", moves)
				time.Sleep(25 * time.Second)
			}
		})
		w.FailNext(ews.OpMoveItem, ewstest.DropBefore)
		w.taken(t) // it may be undecided
		time.Sleep(time.Hour)
		require.NoError(t, w.taken(t).Err())
		assert.Equal(t, 2, moves)
		w.count(t, 0, 1, "in the end")
	})
}

// The answer to a removal is lost, and then the original no longer matches its copy: the
// removal may still take effect, so the copy is not put aside.
func TestUnprovedWhileARemovalMayLand(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) != ews.OpCreateItem {
			return // an export is proved by its version
		}
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.FailNext(ews.OpDeleteItem, ewstest.Late(20*time.Minute))
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if q.Operation == ews.OpDeleteItem {
				inHers := func(q *ewstest.Request) bool { return q.Anchor == alice }
				w.Fail(ewstest.When{Operation: ews.OpGetItem, Request: inHers}, ewstest.Shortened(0.5))
			}
		})
		assert.Equal(t, quarantine.Undecided, w.taken(t).Outcome())
		w.OnResponse(nil)
		w.ClearFaults()
		w.count(t, 1, 1, "before the removal takes effect")
		time.Sleep(time.Hour)
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 1, "in the end")
	})
}
