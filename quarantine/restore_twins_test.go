package quarantine_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Of two messages with one Message-ID, an analyst files one while it is restored, and
// the owner files the other one after it has come back, between two calls of the
// search for what is missing: it is seen twice, but counts once.
func TestTwinSeenTwiceIsNotTheOther(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box, v := w.Mailbox(alice), w.Mailbox(vault)
		last := crowd(box, box.Folder(ews.FolderInbox))
		for range 2 {
			box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Received: time.Date(1999, 12, 31, 8, 0, 0, 0, time.UTC)})
		}
		r := w.taken(t)
		require.NoError(t, r.Err())
		require.Len(t, r.Items, 2)
		analyst, owner := false, false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			switch {
			case !analyst && q.Operation == ews.OpUpdateItem && q.Anchor == vault:
				analyst = true
				for _, m := range w.in(vault, theID) {
					if m.ID.ID == r.Items[0].To.ItemID {
						v.MoveMessage(m.ID, v.Folder(ews.FolderDeletedItems))
					}
				}
			case analyst && !owner && q.Operation == ews.OpFindItem && q.Anchor == alice && bytes.Contains(q.Body, []byte(strings.Trim(theID, "<>"))):
				owner = true
				for _, m := range w.in(alice, theID) {
					box.MoveMessage(m.ID, last)
				}
			}
		})
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.True(t, owner)
		w.count(t, 1, 1, "after the restore")
		require.Error(t, back.Err())
		var restored int
		for _, it := range back.Items {
			if it.Outcome.Done() {
				restored++
			}
		}
		assert.Equal(t, 1, restored)
		back, err = w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		assert.Equal(t, quarantine.Restored, back.Outcome())
		w.count(t, 2, 0, "asked again")
	})
}
