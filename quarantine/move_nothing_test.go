package quarantine_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// MoveItem permanently does nothing, and reports success or nothing, as from an
// archive into another mailbox: the next way takes everything that is there.
func TestMoveThatDoesNothing(t *testing.T) {
	t.Parallel()
	const dora = "dora@example.test"
	for _, fault := range []ewstest.Fault{ewstest.FalseSuccess, ewstest.NoResponseMessage, ewstest.MemberCode("ErrorMoveCopyFailed"), ewstest.FaultCode("ErrorInternalServerError")} {
		for _, folder := range []ews.FolderName{ews.FolderArchiveInbox, ews.FolderInbox} {
			t.Run(fault.Name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, patient(worldOptions{strategy: ewsmail.Options{ScanOnlineArchive: true}}))
					box := w.AddMailbox(dora, &ewstest.MailboxOptions{Archive: true})
					w.GrantFullAccess("svc", dora)
					for range 3 {
						box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: box.Folder(folder)})
					}
					w.Fail(ewstest.When{Operation: ews.OpMoveItem}, fault)
					r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: dora, MessageID: theID})
					require.NoError(t, err)
					require.NoError(t, r.Err())
					require.Len(t, r.Items, 3)
					for _, it := range r.Items {
						assert.Equal(t, quarantine.WayTransfer, it.Way)
					}
					assert.Len(t, w.in(vault, theID), 3)
					for _, m := range box.Messages() {
						assert.True(t, isPurged(m), m.Folder)
					}
				})
			})
		}
	}
}

// A removal that reports success but permanently does nothing is never called
// done, in either direction; once removals work, the next run finishes.
func TestRemovalThatDoesNothing(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) == ews.OpMoveItem {
			return // nothing is removed
		}
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		lie := w.Fail(ewstest.When{Operation: ews.OpDeleteItem}, ewstest.FalseSuccess)
		r := w.taken(t)
		require.Error(t, r.Err())
		w.count(t, 1, 1, "while it lies")
		lie.Cancel()
		r = w.taken(t)
		require.NoError(t, r.Err())
		w.count(t, 0, 1, "in the end")

		lie = w.Fail(ewstest.When{Operation: ews.OpDeleteItem}, ewstest.FalseSuccess)
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.Error(t, back.Err())
		w.count(t, 1, 1, "while it lies")
		lie.Cancel()
		back, err = w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "in the end")
	})
}
