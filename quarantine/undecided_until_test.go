package quarantine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// TestUndecidedUntil: if nothing is seen of an attempt, the receipt says until when it is
// undecided. After that, it is settled.
func TestUndecidedUntil(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := &quarantine.MemoryJournal{}
		w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.Journal = journal }})
		gone := w.Mailbox(alice).Deliver(eml(theID, "Invoice")).ID
		require.True(t, w.Mailbox(alice).DeleteMessage(gone))
		lease := time.Now().Add(20 * time.Minute)
		beginFor(t, journal, quarantine.Intent{
			Operation: driver.NewOperation(), Direction: driver.ToQuarantine, Attempt: driver.NewOperation(), Lease: lease, At: time.Now(),
			Target: quarantine.Target{Mailbox: alice, MessageID: theID}, From: quarantine.Place{Mailbox: alice, ItemID: gone.ID},
		})
		recovered := func() *quarantine.Receipt {
			var all []*quarantine.Receipt
			for r, err := range w.service.Recover(t.Context()) {
				require.NoError(t, err)
				all = append(all, r)
			}
			require.Len(t, all, 1)
			return all[0]
		}
		r := recovered()
		require.Equal(t, quarantine.Undecided, r.Outcome())
		assert.ErrorContains(t, r.Err(), "a request may take effect until "+lease.UTC().Format(time.RFC3339))
		time.Sleep(time.Until(lease))
		r = recovered()
		require.Equal(t, quarantine.NotFound, r.Outcome())
		assert.NotContains(t, r.Err().Error(), "until")
	})
}
