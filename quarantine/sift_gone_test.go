package quarantine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// While a mailbox is searched by criteria, somebody else takes one match after another,
// each just before it is read: what is left is found, and nothing is undecided.
func TestOthersAreGoneEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, patient(worldOptions{settings: func(s *quarantine.Options) { s.CriteriaSearch = true }}))
		box := w.Mailbox(alice)
		now := time.Now()
		for i := range 6 {
			body := fmt.Appendf(nil, "From: m@evil.example\r\nMessage-ID: <m%d@evil.example>\r\nSubject: x\r\nContent-Type: text/plain\r\n\r\nhttps://lure.example/open\r\n", i)
			box.DeliverWith(body, ewstest.Delivery{Received: now.Add(-time.Duration(i+1) * time.Minute)})
		}
		taken, listed := 0, false
		w.OnRequest(func(_ int, q *ewstest.Request) {
			listed = listed || q.Operation == ews.OpFindItem
			if q.Operation != ews.OpGetItem || !listed || taken == 5 {
				return
			}
			listed = false
			taken++
			left := box.Folder(ews.FolderInbox).Messages()
			_, err := box.Person("rival").ShiftDelete(left[len(left)-1])
			assert.NoError(t, err)
		})
		r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{
			URL: "https://lure.example/open", ReceivedAfter: now.Add(-time.Hour), ReceivedBefore: now,
		}})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Equal(t, 5, taken)
		assert.Len(t, r.Items, 1)
	})
}
