package quarantine_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A restore continues one that was interrupted when the copy was back, and yet another
// restore finishes at one of its calls, each in turn. Then nothing is undecided.
func TestReleasedMeanwhile(t *testing.T) {
	t.Parallel()
	for call, more := 0, true; more; call++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			taken := w.taken(t)
			w.OnRequest(func(_ int, r *ewstest.Request) {
				if r.Operation == ews.OpMoveItem || r.Operation == ews.OpUploadItems {
					w.Fail(ewstest.When{Operation: ews.OpUpdateItem}, ewstest.FaultCode("ErrorItemSave"))
				}
			})
			back, err := w.service.Restore(t.Context(), taken)
			require.NoError(t, err)
			require.Error(t, back.Err(), "it keeps its stamp")
			w.ClearFaults()

			first, rival, n := len(w.Requests()), false, 0
			w.OnRequest(func(int, *ewstest.Request) {
				if rival || len(w.Requests()) <= first {
					return
				}
				if n++; n != call+1 {
					return
				}
				rival = true
				_, err := w.newService(t, worldOptions{}).Restore(t.Context(), taken)
				assert.NoError(t, err)
			})
			back, err = w.newService(t, worldOptions{}).Restore(t.Context(), taken)
			require.NoError(t, err)
			assert.NoError(t, back.Err(), "call %d", call)
			assert.True(t, back.Outcome().Done(), "call %d: %s", call, back.Outcome())
			assert.Len(t, w.in(alice, theID), 1)
			more = rival
		})
	}
}
