package quarantine_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Of several copies, those that the user is most likely to open are taken first.
func TestInboxAndUnreadFirst(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, a.worldOptions)
			box := w.Mailbox(alice)
			archive := box.AddFolder(nil, "Aside")
			below := box.AddFolder(box.Folder(ews.FolderInbox), "Below")
			for _, d := range []ewstest.Delivery{
				{Folder: archive, Read: true}, {Folder: box.Folder(ews.FolderJunkEmail)}, {Folder: box.Folder(ews.FolderInbox), Read: true},
				{Folder: below}, {Folder: archive}, {Folder: box.Folder(ews.FolderInbox)}, {Folder: below, Read: true},
			} {
				box.DeliverWith(eml(theID, "Invoice"), d)
			}
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			require.Len(t, r.Items, 7)
			var ranks []int
			for _, it := range r.Items {
				rank := 0
				if it.From.Folder.Base != string(ews.FolderInbox) {
					rank = 2
				}
				if it.WasRead {
					rank++
				}
				ranks = append(ranks, rank)
			}
			assert.True(t, slices.IsSorted(ranks), "%v", ranks)
			assert.Equal(t, 2, slices.Index(ranks, 1))
			assert.Equal(t, string(ews.FolderInbox), r.Searched[1].Folder.Base, "after the top of the mailbox, the Inbox is searched")
		})
	}
}
