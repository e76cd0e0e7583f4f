package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
		"a folder for each user": {settings: func(s *quarantine.Settings) { s.FolderPerMailbox = true }},
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
			open, err := w.journal.Open(t.Context())
			require.NoError(t, err)
			assert.Empty(t, open)
		})
	}
}
