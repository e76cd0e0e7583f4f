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

// Someone has deleted a copy in quarantine, even from Deleted Items. As long as it can be
// recovered in the quarantine mailbox, it is restored, with and without the receipt.
func TestRestoreWhatWasDeletedInQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, withReceipt := range []bool{true, false} {
			w := newWorld(t, o)
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			r := w.taken(t)
			require.NoError(t, r.Err())
			time.Sleep(time.Hour)
			_, err := w.Mailbox(vault).Person("analyst").ShiftDelete(w.in(vault, theID)[0])
			require.NoError(t, err)
			require.Len(t, w.deleted(vault), 1)
			for _, want := range []quarantine.Outcome{quarantine.Restored, quarantine.AlreadyRestored} {
				back := w.givenBack(t, r, withReceipt)
				require.NoError(t, back.Err())
				assert.Equal(t, want, back.Outcome(), "with the receipt: %t", withReceipt)
				w.count(t, 1, 0, "after the restore")
				assert.Empty(t, w.deleted(vault))
				time.Sleep(time.Hour)
			}
		}
	})
}

// Someone has dragged the copy back to the user by hand. What that has left in
// Recoverable Items of the quarantine mailbox is not a missing message.
func TestLeftBehindByHand(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, scan := range []bool{false, true} {
			o.strategy.ScanRecoverableItems = scan
			for _, withReceipt := range []bool{true, false} {
				w := newWorld(t, o)
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				r := w.taken(t)
				require.NoError(t, r.Err())
				time.Sleep(time.Hour)
				_, err := w.Mailbox(vault).Person("analyst").File(w.in(vault, theID)[0], w.Mailbox(alice).Folder(ews.FolderInbox))
				require.NoError(t, err)
				require.Len(t, w.deleted(vault), 1)
				back := w.givenBack(t, r, withReceipt)
				assert.Equal(t, quarantine.AlreadyRestored, back.Outcome(), "with the receipt: %t, scanRecoverableItems: %t: %v", withReceipt, scan, back.Err())
				w.count(t, 1, 0, "after the restore")
			}
		}
	})
}

// deleted returns what a mailbox could recover of the message.
func (w *world) deleted(mailbox string) (all []*ewstest.Message) {
	for _, m := range w.Mailbox(mailbox).Messages() {
		if m.MessageID == theID && m.Distinguished == ews.FolderRecoverableItemsDeletions {
			all = append(all, m)
		}
	}
	return all
}

func (w *world) givenBack(t testing.TB, r *quarantine.Receipt, withReceipt bool) (back *quarantine.Receipt) {
	t.Helper()
	var err error
	if withReceipt {
		back, err = w.service.Restore(t.Context(), r)
	} else {
		back, err = w.service.RestoreMessage(t.Context(), theTarget)
	}
	require.NoError(t, err)
	return back
}
