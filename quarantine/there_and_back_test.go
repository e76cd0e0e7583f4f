package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	const id = "<1@evil.example>"
	for name, o := range map[string]worldOptions{
		"move":                   {},
		"full access, transfer":  {ways: []quarantine.Way{quarantine.WayTransfer}},
		"full access, MIME":      {ways: []quarantine.Way{quarantine.WayMIME}},
		"impersonation":          {impersonation: true},
		"impersonation, MIME":    {impersonation: true, ways: []quarantine.Way{quarantine.WayMIME}},
		"a folder for each user": {settings: func(s *quarantine.Options) { s.FolderPerMailbox = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			box := w.Mailbox(alice)
			projects := box.AddFolder(box.Folder("inbox"), "Projects / 2026")
			box.Deliver(eml(id, "one"))
			box.DeliverWith(eml(id, "one"), delivered(projects, true))
			box.Deliver(eml("<2@good.example>", "two"))
			before := w.in(alice, id)
			require.Len(t, before, 2)
			target := quarantine.Target{Mailbox: alice, MessageID: id, Reason: "phishing"}

			found, err := w.service.Find(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, found.Err())
			require.Len(t, found.Items, 2)

			receipt, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, receipt.Err())
			require.Len(t, receipt.Items, 2)
			assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
			assert.Empty(t, w.in(alice, id))
			assert.Len(t, w.in(vault, id), 2)
			assert.Len(t, w.in(alice, "<2@good.example>"), 1)

			again, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, again.Err())
			assert.Equal(t, quarantine.AlreadyQuarantined, again.Outcome())
			assert.Len(t, again.Items, 2)

			back, err := w.service.Restore(t.Context(), receipt)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			require.Len(t, back.Items, 2)
			assert.Equal(t, quarantine.Restored, back.Outcome())
			assert.Empty(t, w.in(vault, id))
			after := w.in(alice, id)
			require.Len(t, after, 2)
			for i := range before {
				assert.Equal(t, before[i].Folder, after[i].Folder)
				assert.Empty(t, fidelity(before[i], after[i], receipt.Items[i].Way))
			}
			back, err = w.service.Restore(t.Context(), receipt)
			require.NoError(t, err)
			assert.Equal(t, quarantine.AlreadyRestored, back.Outcome())
			assert.Len(t, w.in(alice, id), 2)
			assert.Empty(t, w.Notices())
			open, err := openIntents(t.Context(), w.journal)
			require.NoError(t, err)
			assert.Empty(t, open)
		})
	}
}

// A copy that somebody has deleted in quarantine is not called restored just
// because another copy of the message is.
func TestRestoreOfADeletedCopy(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, a.worldOptions)
			box := w.Mailbox(alice)
			for _, name := range []string{"One", "Two", "Three"} {
				box.DeliverWith(eml(theID, "Invoice"), delivered(box.AddFolder(box.Folder(ews.FolderInbox), name), false))
			}
			taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, taken.Err())
			require.Len(t, taken.Items, 3)
			w.Mailbox(vault).DeleteMessage(ews.ItemID{ID: taken.Items[1].To.ItemID})
			require.Len(t, w.in(vault, theID), 2)
			for _, want := range []quarantine.Outcome{quarantine.Restored, quarantine.AlreadyRestored} {
				back, err := w.service.Restore(t.Context(), taken)
				require.NoError(t, err)
				require.ErrorIs(t, back.Err(), quarantine.ErrGone)
				require.Len(t, back.Items, 3)
				assert.Equal(t, want, back.Items[0].Outcome)
				assert.Equal(t, quarantine.NotFound, back.Items[1].Outcome)
				assert.Equal(t, want, back.Items[2].Outcome)
				assert.NotEqual(t, back.Items[0].To.ItemID, back.Items[2].To.ItemID)
				assert.Len(t, w.in(alice, theID), 2)
			}
		})
	}
}
