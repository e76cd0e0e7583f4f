package quarantine_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// A message asks for receipts in every possible way, on every version, by every way,
// read or not, from the Inbox, Junk Email or what was deleted: nobody is notified,
// and it comes back read or unread as it was.
func TestReceiptsAreNotSent(t *testing.T) {
	t.Parallel()
	message := eml(theID, "Invoice", "Disposition-Notification-To: <mallory@evil.example>", "Return-Receipt-To: <mallory@evil.example>",
		"X-Confirm-Reading-To: mallory@evil.example", "Disposition-Notification-Options: signed-receipt-protocol=required,pkcs7-signature")
	folders := []ews.FolderName{ews.FolderInbox, ews.FolderJunkEmail, ews.FolderRecoverableItemsDeletions}
	kind := 0
	for _, version := range []ewstest.Version{
		ewstest.Exchange2010SP3, ewstest.Exchange2013, ewstest.Exchange2013SP1, ewstest.Exchange2016, ewstest.Exchange2019,
	} {
		for number, a := range accesses {
			if !played(t, number) {
				continue
			}
			for _, folder := range folders {
				for _, read := range []bool{false, true} {
					if kind++; !*whole && kind%7 != 0 {
						continue
					}
					t.Run(fmt.Sprint(version, " ", a.name, " ", folder, " ", read), func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							o := a.worldOptions
							o.server.Version, o.strategy = version, ewsmail.Options{ScanRecoverableItems: true}
							w := newWorld(t, o)
							box := w.Mailbox(alice)
							box.DeliverWith(message, ewstest.Delivery{Folder: box.Folder(folder), Read: read})
							r := w.taken(t)
							require.NoError(t, r.Err())
							w.count(t, 0, 1, "after the quarantine")
							assert.Empty(t, w.Notices(), "after the quarantine")
							back, err := w.service.Restore(t.Context(), r)
							require.NoError(t, err)
							require.NoError(t, back.Err())
							assert.Empty(t, w.Notices(), "after the restore")
							w.count(t, 1, 0, "after the restore")
							assert.Equal(t, read, w.in(alice, theID)[0].Read)
						})
					})
				}
			}
		}
	}
}
