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
// often each operation was requested.
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

// A way that was refused for one item is tried with it again later, and what a
// server refused while it was busy does not count as a refusal.
func TestRefusedItemsAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		impersonation bool
		op            ews.Operation
		best          quarantine.Way
	}{{false, ews.OpMoveItem, quarantine.WayMove}, {true, ews.OpExportItems, quarantine.WayTransfer}, {true, ews.OpUploadItems, quarantine.WayTransfer}} {
		t.Run(string(tt.op), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, worldOptions{impersonation: tt.impersonation, ways: []quarantine.Way{tt.best, quarantine.WayMIME}})
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				large := w.Fail(ewstest.When{Operation: tt.op}, ewstest.MemberCode("ErrorMessageSizeExceeded"))
				never := w.Fail(ewstest.When{Operation: ews.OpCreateItem}, ewstest.MemberCode("ErrorMimeContentInvalid"))
				require.Error(t, w.taken(t).Err())
				assert.Equal(t, 1, large.Struck())
				never.Cancel()
				large.Cancel()

				// Both were refused only for this item, so both are open again.
				r := w.taken(t)
				require.NoError(t, r.Err())
				assert.Equal(t, tt.best, r.Items[0].Way)

				w.FailNext(tt.op, ewstest.BusyInner)
				way, _ := w.take(t, 2)
				assert.Equal(t, tt.best, way, "busy is not refused")
				way, _ = w.take(t, 3)
				assert.Equal(t, tt.best, way)
			})
		})
	}
}
