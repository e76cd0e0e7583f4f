package quarantine_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// transient reports whether the JSON of a receipt calls the error of its first
// item transient.
func transient(t *testing.T, r *quarantine.Receipt) bool {
	t.Helper()
	b, err := json.Marshal(r.Items[0])
	require.NoError(t, err)
	var item struct{ Error struct{ Transient bool } }
	require.NoError(t, json.Unmarshal(b, &item))
	return item.Error.Transient
}

// Someone changed the item, and then the server was too busy to show it.
func TestConflictThenBusyIsNotRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{settings: func(o *quarantine.Options) { o.Attempts = 1 }})
	w.Mailbox(alice).Deliver(eml(theID, "s"))
	w.FailNext(ews.OpUpdateItem, ewstest.StaleChangeKey)
	w.FailNext(ews.OpGetItem, slices.Repeat([]ewstest.Fault{ewstest.Busy}, 10)...)
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	assert.Equal(t, quarantine.NotBegun, r.Items[0].Outcome)
	assert.True(t, transient(t, r))
}

// An operation that ran out of time may succeed when it is run again.
func TestDeadlineIsTransient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver(eml(theID, "s"))
	ctx, cancel := context.WithCancelCause(t.Context())
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpMoveItem {
			cancel(context.DeadlineExceeded)
		}
	})
	r, err := w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	assert.True(t, transient(t, r))
}

// Receipts have always reported such a folder as not found.
func TestFolderOfAMailboxThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver(eml(theID, "s"))
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpFindItem {
			w.FailNext(ews.OpFindItem, ewstest.MemberCode("ErrorNonExistentMailbox"))
		}
	})
	r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	require.NotEmpty(t, r.Unsearched)
	assert.Equal(t, quarantine.CauseNotFound, r.Unsearched[0].Cause)
}
