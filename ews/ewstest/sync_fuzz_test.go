package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// FuzzSyncState gives the server a SyncState of arbitrary content with a correct
// checksum, and the same as a watermark: it must refuse it or continue from it, however
// often it is asked.
func FuzzSyncState(f *testing.F) {
	start := func(t testing.TB) (*caller, *ewstest.Mailbox) {
		srv := ewstest.NewServer(nil)
		box := srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		box.DeliverWith([]byte(plain), ewstest.Delivery{Associated: true})
		first := &caller{srv: srv, user: alice, version: "Exchange2016"}
		if tt, ok := t.(*testing.T); ok {
			first.t = tt
			syncInbox(first).next() // so that the mailbox keeps departures
		}
		box.DeleteMessage(m.ID)
		return first, box
	}
	_, box := start(f)
	guid, inbox := storeID(f, box.Folder(ews.FolderInbox))
	for _, numbers := range [][]uint64{
		{inbox, 40, 40, 1, 0, 0}, {inbox, 40, 40, 0, 1, 3, 40, 1, 0, 40}, {inbox, 1 << 63, 40, 0, 0, 0}, {inbox, 40, 40, 0, 64}, {inbox, 40, 40, 0, 2, 40, 3, 3, 40, 0},
		{inbox, 1, 1, 2, 2}, {0, 3, 1, 3, 1}, {inbox}, {},
	} {
		f.Add(forgedState(1, 'I', guid, numbers...))
		f.Add(forgedState(1, 'H', guid, numbers...))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c, _ := start(t)
		text := sealed(content)
		s := syncInbox(c)
		s.state, s.max = text, 1
		ask := func(op string) string {
			answer := c.do(op)
			require.Len(t, codes(answer), 1, answer)
			if code := codes(answer)[0]; code != "NoError" {
				assert.Equal(t, "ErrorInvalidSyncStateData", code)
				return ""
			}
			return texts(answer, "SyncState")[0]
		}
		if s.state = ask(s.request()); s.state != "" {
			for range 4 {
				s.next()
			}
			assert.True(t, s.last)
		}
		for _, folder := range []string{"", folderOf("inbox", "")} {
			if next := ask(hierarchyXML(folder, text)); next != "" {
				assert.Empty(t, changesOf(c.do(hierarchyXML(folder, next))))
			}
		}
		p := pull(c, pullXML())
		assert.Equal(t, []string{"ErrorInvalidWatermark"}, codes(c.do(getEventsXML(p.id, text))))
	})
}
