package graphmail_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A message in a folder that is newer than the remembered folders is found with the path
// of that folder. Its stamp needs the path: over EWS, the id alone is useless.
func TestNewFolderHasItsPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	m := w.strategy(t).Mailbox(alice)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	one(t, m, driver.Query{MessageID: theID})

	box := w.Mailbox(alice)
	box.DeliverWith(eml("<new@evil.example>", "Invoice"), ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), "Bills/2026")})
	it := one(t, m, driver.Query{MessageID: "<new@evil.example>"})
	assert.Equal(t, "/Inbox/Bills%2F2026", it.Folder.Path)
	assert.Equal(t, "inbox", it.Folder.Base)
	assert.Equal(t, "Bills%2F2026", it.Folder.Below)
}
