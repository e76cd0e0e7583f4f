package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A restore that ends after the original was removed is finished by a recovery that has
// only the intent: the message is read or unread as it was.
func TestRecoveredRestoreKeepsReadState(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, read := range []bool{true, false} {
			w := newWorld(t, o)
			w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Read: read})
			w.taken(t)
			w.OnResponse(func(_ int, r *ewstest.Request) {
				if r.Acted && len(w.in(vault, theID)) == 0 {
					w.FailRandomly(1, ewstest.DropBefore)
				}
			})
			r, err := w.service.RestoreMessage(t.Context(), theTarget)
			require.NoError(t, err)
			require.Error(t, r.Err())
			w.OnResponse(nil)
			w.FailRandomly(0)
			time.Sleep(time.Hour)
			for r, err := range w.service.Recover(t.Context()) {
				require.NoError(t, err)
				assert.NoError(t, r.Err())
			}
			w.count(t, 1, 0, "recovered")
			back := w.in(alice, theID)[0]
			assert.False(t, stamped(back))
			assert.Equal(t, read, back.Read)
		}
	})
}
