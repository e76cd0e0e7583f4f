package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Servers do not make meeting messages or reports from MIME. Such a message
// stays where it is, and the receipt says so.
func TestKindsOfItems(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		byMIME := len(a.ways) == 1 && a.ways[0] == quarantine.WayMIME
		for class, fromMIME := range map[string]bool{
			"IPM.Note": true, "IPM.Note.Own": true, "IPM.Post": true,
			"IPM.Schedule.Meeting.Request": false, "IPM.Schedule.Meeting.Canceled": false, "REPORT.IPM.Note.NDR": false,
		} {
			for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2016} {
				t.Run(a.name+"/"+class+"/"+version.String(), func(t *testing.T) {
					t.Parallel()
					o := a.worldOptions
					o.server.Version = version
					w := newWorld(t, o)
					w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Class: class})
					receipt, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
					require.NoError(t, err)
					require.Len(t, receipt.Items, 1)
					if byMIME && !fromMIME {
						assert.Equal(t, quarantine.Refused, receipt.Outcome())
						require.Error(t, receipt.Err())
						left := w.in(alice, theID)
						require.Len(t, left, 1)
						assert.Equal(t, "/Inbox", left[0].Folder)
						assert.Equal(t, class, left[0].Class)
						assert.Empty(t, w.in(vault, theID))
						return
					}
					require.NoError(t, receipt.Err())
					held := w.in(vault, theID)
					require.Len(t, held, 1)
					assert.Equal(t, class, held[0].Class)
					back, err := w.service.Restore(t.Context(), receipt)
					require.NoError(t, err)
					require.NoError(t, back.Err())
					home := w.in(alice, theID)
					require.Len(t, home, 1)
					assert.Equal(t, class, home[0].Class)
					assert.False(t, home[0].Read)
					assert.Empty(t, w.Notices())
				})
			}
		}
	}
}
