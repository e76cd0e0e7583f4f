package quarantine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// With a folder for each mailbox, nothing costs more because there are many mailboxes.
func TestFolderPerMailboxIsFlat(t *testing.T) {
	t.Parallel()
	cost := func(t *testing.T, mailboxes int) (calls map[string]int) {
		w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.FolderPerMailbox = true }})
		v := w.Mailbox(vault)
		root := v.AddFolder(nil, "Quarantine")
		for i := range mailboxes {
			v.AddFolder(root, fmt.Sprintf("user%03d@example.test", i))
		}
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		calls = make(map[string]int)
		step := func(what string, want quarantine.Outcome, run func() (*quarantine.Receipt, error)) *quarantine.Receipt {
			time.Sleep(20 * time.Millisecond) // the search lag
			w.ResetRequests()
			r, err := run()
			require.NoError(t, err, what)
			require.NoError(t, r.Err(), what)
			require.Equal(t, want, r.Outcome(), what)
			calls[what] = len(w.Requests())
			return r
		}
		quarantined := func() (*quarantine.Receipt, error) { return w.service.Quarantine(t.Context(), theTarget) }
		r := step("quarantine", quarantine.Quarantined, quarantined)
		step("again", quarantine.AlreadyQuarantined, quarantined)
		step("restore", quarantine.Restored, func() (*quarantine.Receipt, error) { return w.service.Restore(t.Context(), r) })
		step("not found", quarantine.NotFound, func() (*quarantine.Receipt, error) {
			return w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: bob, MessageID: theID})
		})
		return calls
	}
	assert.Equal(t, cost(t, 1), cost(t, 200))
}

// An analyst has moved an item into the folder of another mailbox: it is still found.
func TestFolderOfAnotherMailbox(t *testing.T) {
	t.Parallel()
	for _, receipt := range []bool{true, false} {
		w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.FolderPerMailbox = true }})
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		r, err := w.service.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		v := w.Mailbox(vault)
		for _, f := range v.Folders() {
			if f.Path() == "/Quarantine" {
				v.MoveMessage(w.in(vault, theID)[0].ID, v.AddFolder(f, bob))
			}
		}
		var back *quarantine.Receipt
		if receipt {
			back, err = w.service.Restore(t.Context(), r)
		} else {
			back, err = w.service.RestoreMessage(t.Context(), theTarget)
		}
		require.NoError(t, err)
		require.NoError(t, back.Err())
		assert.Equal(t, quarantine.Restored, back.Outcome())
		w.count(t, 1, 0, "after the restore")
	}
}
