package quarantine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The server answers "not now" to the first calls of each kind, without saying for
// how long, and then does as it is asked: the run completes in one go.
func TestNotNow(t *testing.T) {
	t.Parallel()
	for i, fault := range []ewstest.Fault{
		ewstest.MemberCode("ErrorTooManyObjectsOpened"), ewstest.FaultCode("ErrorTooManyObjectsOpened"), ewstest.Gateway(429),
		ewstest.FaultCode("ErrorServerBusy"), ewstest.MemberCode("ErrorServerBusy"), ewstest.BusyInner,
		ewstest.FaultCode("ErrorExceededConnectionCount"), ewstest.MemberCode("ErrorInsufficientResources"),
		ewstest.FaultCode("ErrorNotEnoughMemory"), ewstest.MemberCode("ErrorMailboxStoreUnavailable"), ewstest.Unavailable,
	} {
		for j, a := range accesses {
			if !*whole && (i+j)%len(accesses) != 0 {
				continue
			}
			t.Run(a.name+" "+fault.Name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					o := patient(a.worldOptions)
					w := newWorld(t, o)
					for range 3 {
						w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
					}
					for _, op := range []ews.Operation{
						ews.OpGetFolder, ews.OpFindFolder, ews.OpCreateFolder, ews.OpFindItem, ews.OpGetItem, ews.OpUpdateItem,
						ews.OpMoveItem, ews.OpExportItems, ews.OpUploadItems, ews.OpCreateItem, ews.OpDeleteItem,
					} {
						w.Fail(ewstest.When{Operation: op, Times: 2}, fault)
					}
					begin := time.Now()
					r := w.taken(t)
					require.NoError(t, r.Err())
					assert.Equal(t, quarantine.Quarantined, r.Outcome())
					w.count(t, 0, 3, "in one go")
					assert.Less(t, time.Since(begin), 30*time.Minute)
				})
			})
		}
	}
}
