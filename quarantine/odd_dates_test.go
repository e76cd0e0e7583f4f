package quarantine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// With dates that are missing, malformed, duplicated or far away, the message
// comes back with the times that it had, whatever the way.
func TestOddDates(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for i, date := range []string{
		"", "Date: 27 Jan 00 15:03:00\r\n PDT\r\n", "Date: Wed, 23 Aug 2000 05:01:16\r\n", "Date: Wed, 31 Feb 2026 10:00:00 +0000\r\n",
		"Date: yesterday\r\n", "Date:\r\n", "Date: Tue, 24 Nov 2026 10:00:00 +9999\r\n", "Date: Tue, 24 Nov 4501 10:00:00 +0000\r\n",
		"Date: Tue, 24 Nov 1500 10:00:00 +0000\r\n", "Date: Tue, 24 Nov 99999 10:00:00 +0000\r\n", "Date: 2026-11-24T10:00:00Z\r\n",
		"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n", "Date: Di, 24 Nov 2026 10:00:00 +0100\r\n",
		"Date: Tue, 24 Nov 2026 23:59:60 +0000\r\n", "Date: Tue, 24 Nov 2026 10:00:00 GMT (winter)\r\n", "Date: \xFF\xFE\r\n",
		"Received: from x by y; nonsense\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n", "Resent-Date: nonsense\r\n",
	} {
		for j, way := range []quarantine.Way{quarantine.WayMIME, quarantine.WayTransfer, quarantine.WayMove} {
			if !*whole && j > 0 && (i+j)%6 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("%q %s", date, way), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, worldOptions{impersonation: way != quarantine.WayMove, ways: []quarantine.Way{way}})
					w.Mailbox(alice).DeliverWith([]byte("From: m@evil.example\r\nTo: alice@example.test\r\nSubject: x\r\n"+date+"Message-ID: "+theID+"\r\n\r\nhi\r\n"),
						ewstest.Delivery{Received: received})
					before := w.in(alice, theID)[0]
					r := w.taken(t)
					require.NoError(t, r.Err())
					assert.True(t, r.Items[0].Received.Equal(received))
					back, err := w.service.Restore(t.Context(), r)
					require.NoError(t, err)
					require.NoError(t, back.Err())
					after := w.in(alice, theID)
					require.Len(t, after, 1)
					assert.True(t, after[0].Received.Equal(received), "received %s", after[0].Received)
					assert.True(t, after[0].Sent.Truncate(time.Second).Equal(before.Sent.Truncate(time.Second)), "sent %s, before %s", after[0].Sent, before.Sent)
					assert.False(t, after[0].Draft)
				})
			})
		}
	}
}
