package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Many copies of one message, in two folders and over several pages, are all taken
// and all put back, each to its folder, and each is in the receipt. With -whole,
// one case has more copies than the largest page.
func TestManyCopies(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		copies := 14
		switch {
		case *whole && strings.HasSuffix(t.Name(), accesses[0].name):
			copies = 1200
		case *whole:
			copies = 100
		}
		w := newWorld(t, o)
		w.LimitPages(copies / 3)
		box := w.Mailbox(alice)
		sub := box.AddFolder(nil, "Sub")
		inSub := 0
		for i := range copies {
			d := ewstest.Delivery{Read: i%2 == 0}
			if i%3 == 0 {
				d.Folder = sub
				inSub++
			}
			box.DeliverWith(eml(theID, "Invoice"), d)
		}
		r := w.taken(t)
		require.NoError(t, r.Err())
		require.Len(t, r.Items, copies)
		w.count(t, 0, copies, "after the quarantine")
		again := w.taken(t)
		require.NoError(t, again.Err())
		assert.Equal(t, quarantine.AlreadyQuarantined, again.Outcome())

		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, copies, 0, "after the restore")
		places := map[string]int{}
		read := 0
		for _, m := range w.in(alice, theID) {
			places[m.Folder]++
			if m.Read {
				read++
			}
		}
		assert.Equal(t, map[string]int{"/Sub": inSub, "/Inbox": copies - inSub}, places)
		assert.Equal(t, copies/2, read)
		assert.Empty(t, w.Notices())

		// When asked again, it costs a few requests for each, not for each pair.
		w.ResetRequests()
		back, err = w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		require.Len(t, back.Items, copies)
		assert.Equal(t, quarantine.AlreadyRestored, back.Outcome())
		w.count(t, copies, 0, "after another restore")
		assert.LessOrEqual(t, len(w.Requests()), 12*copies+100, "%d copies", copies)
	})
}
