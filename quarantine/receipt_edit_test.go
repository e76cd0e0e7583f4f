package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Before Exchange 2013 SP1, a read receipt is suppressed by a separate request before the
// original is removed. What the owner changes at that moment is not removed unseen.
func TestEditedWhileAReceiptIsSuppressed(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		o.server.Version = ewstest.Exchange2013
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		box.Deliver(eml(theID, "Invoice", "Disposition-Notification-To: mallory@evil.example"))
		edited := false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if edited || q.Operation != ews.OpCreateItem || q.Anchor != alice {
				return
			}
			edited = true
			_, err := box.Person("owner").Edit(w.in(alice, theID)[0], ewstest.Edit{Subject: "Invoice, changed", Body: "Changed."})
			assert.NoError(t, err)
		})
		r := w.taken(t)
		require.True(t, edited)
		if r.Err() != nil {
			r = w.taken(t) // the copy no longer matched
		}
		require.NoError(t, r.Err())
		assert.Empty(t, w.in(alice, theID))
		for _, m := range w.in(vault, theID) { // the copy that did not match is in Surplus
			assert.Equal(t, strings.HasPrefix(m.Folder, "/Surplus"), m.Subject == "Invoice", m.Folder)
		}
		assert.Empty(t, w.Notices())
	})
}
