package quarantine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// take delivers a message, quarantines it, and returns by which way, and how
// often each operation was asked for.
func (w *world) take(t *testing.T, n int) (quarantine.Way, map[ews.Operation]int) {
	t.Helper()
	id := fmt.Sprintf("<%d@evil.example>", n)
	w.Mailbox(alice).Deliver(eml(id, "Invoice"))
	w.ResetRequests()
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Len(t, w.in(vault, id), 1)
	require.Empty(t, w.in(alice, id))
	asked := make(map[ews.Operation]int)
	for _, q := range w.Requests() {
		asked[q.Operation]++
	}
	return r.Items[0].Way, asked
}

func TestRefusedWaysAreRememberedAndTriedAgain(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]ewstest.Fault{
		"ErrorCrossMailboxMoveCopy":      ewstest.CrossMailboxRefused,
		"ErrorToFolderNotFound":          ewstest.MemberCode("ErrorToFolderNotFound"),
		"ErrorInternalServerError fault": ewstest.FaultCode("ErrorInternalServerError"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, worldOptions{})
				w.FailNext(ews.OpMoveItem, refusal)
				way, asked := w.take(t, 1)
				assert.Equal(t, quarantine.WayTransfer, way)
				assert.Equal(t, 1, asked[ews.OpMoveItem])

				way, asked = w.take(t, 2)
				assert.Equal(t, quarantine.WayTransfer, way, "remembered")
				assert.Zero(t, asked[ews.OpMoveItem])

				// Now transfers are refused, too: the change is noticed.
				w.FailNext(ews.OpExportItems, ewstest.MemberCode("ErrorAccessDenied"))
				way, _ = w.take(t, 3)
				assert.Equal(t, quarantine.WayMIME, way)

				time.Sleep(2 * time.Hour)
				way, _ = w.take(t, 4)
				assert.Equal(t, quarantine.WayMove, way, "the best way is tried again in time")
			})
		})
	}
}

func TestMIMEWhereImpersonationCannotTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{impersonation: true})
	w.FailNext(ews.OpUploadItems, ewstest.MemberCode("ErrorInvalidOperation"))
	way, asked := w.take(t, 1)
	assert.Equal(t, quarantine.WayMIME, way)
	assert.Equal(t, 1, asked[ews.OpUploadItems])
	way, asked = w.take(t, 2)
	assert.Equal(t, quarantine.WayMIME, way)
	assert.Zero(t, asked[ews.OpUploadItems]+asked[ews.OpExportItems])
}
