package quarantine_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Reading a message takes so long that it would be sent when others may assume that
// nothing can arrive any more: it is marked again before it is sent.
func TestSentUnderTheLease(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, slow := range []time.Duration{time.Minute, 4*time.Minute + 50*time.Second, 6 * time.Minute, 16 * time.Minute} {
			w := newWorld(t, o)
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			slowed := false
			var marked time.Time
			w.OnRequest(func(_ int, q *ewstest.Request) {
				switch q.Operation {
				case ews.OpUpdateItem:
					marked = time.Now()
				case ews.OpExportItems, ews.OpGetItem:
					reads := q.Operation == ews.OpExportItems || bytes.Contains(q.Body, []byte("MimeContent>true"))
					if reads && !slowed && !marked.IsZero() {
						slowed = true
						time.Sleep(slow)
					}
				case carriesBy(o):
					assert.LessOrEqual(t, time.Since(marked), 5*time.Minute, "it is sent in time")
				}
			})
			r := w.taken(t)
			require.NoError(t, r.Err(), slow)
			w.count(t, 0, 1, slow.String())
		}
	})
}
