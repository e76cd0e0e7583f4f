package graphmail_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// Graph shows what is in Recoverable Items, and exports nothing from there. The receipt says
// so, and not that the message is gone; no copy is made.
func TestRecoverableItemsStay(t *testing.T) {
	t.Parallel()
	for name, ways := range map[string][]driver.Way{"transferred": nil, "or made anew": {driver.WayTransfer, driver.WayRecreate}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				box := w.Mailbox(alice)
				box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: box.Folder(ews.FolderRecoverableItemsDeletions)})
				p := w.process(t, new(quarantine.MemoryJournal), func(o *graphmail.Options) { o.ScanRecoverableItems, o.Ways = true, ways })
				w.ResetRequests()
				r, err := p.Quarantine(t.Context(), target)
				require.NoError(t, err)
				assert.Equal(t, quarantine.Refused, r.Outcome())
				require.ErrorContains(t, r.Err(), "nothing can be exported from Recoverable Items")
				assert.NotContains(t, r.Err().Error(), "no longer exists")
				assert.Less(t, len(w.Requests()), 120)
				assert.Empty(t, w.messages(vault))
				left := w.messages(alice)
				require.Len(t, left, 1)
				assert.Equal(t, ews.FolderRecoverableItemsDeletions, left[0].Distinguished)
				stamped := false
				for field, p := range left[0].Properties {
					stamped = stamped || field.GUID == driver.StampSet && p.Value != ""
				}
				assert.False(t, stamped)
			})
		})
	}
}
