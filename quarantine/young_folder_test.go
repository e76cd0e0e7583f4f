package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A service has just been at work in a mailbox, and then a rule files a copy into a
// folder that did not exist before: the copy is found, although another copy is where
// one was.
func TestCopyInANewFolder(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		box.Deliver(eml("<first@evil.example>", "Invoice"))
		_, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<first@evil.example>"})
		require.NoError(t, err)
		box.Deliver(eml(theID, "Invoice"))
		box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), "New")})
		r := w.taken(t)
		require.NoError(t, r.Err())
		assert.Len(t, r.Items, 2)
		w.count(t, 0, 2, "in the end")
	})
}
