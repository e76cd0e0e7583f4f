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

// The tests below play what random histories of the explorer have found.

// stampProperties returns the stamp of an item as properties.
func stampProperties(m *ewstest.Message) (stamp []ews.ExtendedProperty) {
	for field, p := range m.Properties {
		if field.GUID == driver.StampSet {
			stamp = append(stamp, p)
		}
	}
	return stamp
}

// A removal fails, the stamp gets onto another message, and the original disappears: the
// other message is not mistaken for it, and the copy is not put aside.
func TestStampOnAnotherMessage(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		box.Deliver(eml(theID, "Invoice"))
		if carriesBy(o) == ews.OpMoveItem {
			w.FailNext(ews.OpMoveItem, ewstest.OnlyCopies)
		}
		w.FailNext(ews.OpDeleteItem, ewstest.OperationNotImplemented)
		require.Error(t, w.taken(t).Err())
		original := w.in(alice, theID)[0]
		other := box.DeliverWith(eml("<other@good.example>", "Other"), ewstest.Delivery{Extended: stampProperties(original), Received: original.Received})
		box.DeleteMessage(original.ID)
		time.Sleep(time.Hour)
		for r, err := range w.service.Recover(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, r.Err())
		}
		now := w.Object(other.Object)
		require.NotNil(t, now)
		assert.Equal(t, other.ID, now.ID)
		w.count(t, 0, 1, "after the recovery")
		for _, m := range w.in(vault, theID) {
			assert.Equal(t, "/Quarantine", m.Folder)
		}
	})
}

// The copy arrives without its stamp, on a server that gives changed items another
// id: it is stamped, and not carried again.
func TestStampedUnderAnotherID(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		settings := &quarantine.Options{Journal: w.journal}
		s, err := quarantine.New(renaming{w.newStrategy(t, o), w.Server}, vault, settings)
		require.NoError(t, err)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		if op := carriesBy(o); op != ews.OpMoveItem { // a move returns no id
			w.FailNext(op, ewstest.PropertiesLost)
		}
		r, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		w.count(t, 0, 1, "in the end")
	})
}

// One of two copies is filed after it has been found, and the search lags behind:
// the run waits for it.
func TestOneOfTwoIsGone(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		box.Deliver(eml(theID, "Invoice"))
		box.Deliver(eml(theID, "Invoice"))
		time.Sleep(time.Hour)
		w.Fail(ewstest.When{}, ewstest.Lag(40*time.Second))
		filed := false
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if !filed && q.Operation == ews.OpUpdateItem {
				filed = true
				box.MoveMessage(w.in(alice, theID)[0].ID, box.AddFolder(nil, "New"))
			}
		})
		r := w.taken(t)
		require.Len(t, r.Items, 2)
		require.NoError(t, r.Err())
		w.count(t, 0, 2, "in the end")
	})
}

// A run over two messages was interrupted at the second, and the next search does
// not show it: the journal knows about it.
func TestSecondIsNotForgotten(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		require.NoError(t, w.taken(t).Err())
		w.Mailbox(alice).DeliverWith(eml(theID, "Invoice, again"), ewstest.Delivery{Received: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)})
		w.Fail(ewstest.When{Operation: carriesBy(o)}, ewstest.DropBefore)
		require.Equal(t, quarantine.Undecided, w.taken(t).Outcome())
		w.ClearFaults()
		time.Sleep(time.Hour)
		w.FailNext(ews.OpFindItem, ewstest.Blind, ewstest.Blind)
		r := w.taken(t)
		require.NoError(t, r.Err())
		assert.Len(t, r.Items, 2)
		w.count(t, 0, 2, "in the end")
	})
}

// The first of two copies ends undecided, and both are filed in the meantime: when
// it is found again, the first is not mistaken for one that nobody has begun.
func TestUndecidedIsNotBegunAnew(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) == ews.OpMoveItem {
			return // the copy is the object itself
		}
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		for i := range 2 {
			box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Received: time.Date(2026, 11, 20, 8, 30, i, 0, time.UTC)})
		}
		carried := false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if q.Operation != carriesBy(o) || carried {
				return
			}
			carried = true
			for _, m := range w.in(alice, theID) {
				box.MoveMessage(m.ID, box.AddFolder(nil, "Work"))
			}
			w.FailNext(ews.OpFindItem, ewstest.OperationUnknown)
		})
		r := w.taken(t)
		assert.Equal(t, quarantine.Undecided, r.Outcome())
		time.Sleep(time.Hour)
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 2, "in the end")
	})
}

// The server reports that it has taken the stamp off, but never does: the restore
// ends, and reports that.
func TestStampStays(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		r := w.taken(t)
		w.Fail(ewstest.When{Operation: ews.OpUpdateItem, Skip: 1}, ewstest.FalseSuccess)
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		assert.ErrorContains(t, back.Err(), "the stamp is still there")
		w.count(t, 1, 0, "with its stamp")
		w.ClearFaults()
		back, err = w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		assert.False(t, stamped(w.in(alice, theID)[0]))
	})
}

// The receipt of a restore names the id that the item has without its stamp.
func TestRestoredUnderAnotherID(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		s, err := quarantine.New(renaming{w.newStrategy(t, o), w.Server}, vault, nil)
		require.NoError(t, err)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		back, err := s.Restore(t.Context(), w.taken(t))
		require.NoError(t, err)
		require.NoError(t, back.Err())
		require.Len(t, w.in(alice, theID), 1)
		assert.Equal(t, w.in(alice, theID)[0].ID.ID, back.Items[0].To.ItemID)
	})
}

// A move leaves both original and copy, and the owner files the original before
// it is removed: it is looked for, because no move has taken it away.
func TestFiledBesideItsCopy(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) != ews.OpMoveItem {
			return
		}
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		box.Deliver(eml(theID, "Invoice"))
		w.FailNext(ews.OpMoveItem, ewstest.MoveFailedCopyLeft)
		filed := false
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if q.Operation == ews.OpDeleteItem && !filed {
				filed = true
				box.MoveMessage(w.in(alice, theID)[0].ID, box.AddFolder(nil, "Work"))
			}
		})
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 1, "in the end")
	})
}
