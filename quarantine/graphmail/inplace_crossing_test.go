package graphmail_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// overEWS returns a service over EWS, with a quarantine mailbox.
func (w *world) overEWS(t *testing.T) *quarantine.Service {
	t.Helper()
	s, err := ewsmail.NewFullAccess(w.Exchange().Client("svc", nil), nil)
	require.NoError(t, err)
	q, err := quarantine.New(s, vault, nil)
	require.NoError(t, err)
	return q
}

// A message that is kept in place over Graph, and then taken over EWS into a quarantine
// mailbox, returns to the folder in which its owner had it.
func TestInPlaceThenEWS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t, nil)
		time.Sleep(time.Hour)
		q := k.overEWS(t)
		_, err := q.Restore(t.Context(), k.taken)
		require.ErrorIs(t, err, driver.ErrInvalid)
		taken, err := q.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		k.inPlace = false
		require.Empty(t, k.in(alice, theID))
		require.Len(t, k.in(vault, theID), 1)
		time.Sleep(time.Hour)
		back, err := q.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		require.Len(t, k.in(alice, theID), 1)
		assert.Equal(t, "/Inbox", k.in(alice, theID)[0].Folder)
	})
}

// A message taken over EWS is not found by a service that keeps messages in place, and
// that is reported.
func TestEWSThenInPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		ews := w.overEWS(t)
		taken, err := ews.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		time.Sleep(time.Hour)
		back, err := w.openInPlace(t).Restore(t.Context(), taken)
		require.NoError(t, err)
		assert.Equal(t, quarantine.NotFound, back.Outcome())
		require.ErrorContains(t, back.Err(), "it was taken to "+vault+", which another configuration has")
		back, err = ews.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		require.Len(t, w.in(alice, theID), 1)
	})
}
