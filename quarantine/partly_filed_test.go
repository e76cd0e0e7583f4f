package quarantine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// An analyst has filed one of two copies elsewhere in the quarantine mailbox: a receipt
// names both, and both are put back.
func TestOneOfTwoIsFiledElsewhere(t *testing.T) {
	t.Parallel()
	for _, per := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			x := twobox.New(alice, vault)
			for range 2 {
				x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
			}
			s, err := quarantine.New(x.Strategy(driver.WayMove), vault, &quarantine.Options{FolderPerMailbox: per})
			require.NoError(t, err)
			target := quarantine.Target{Mailbox: alice, MessageID: theID}
			r, err := s.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			time.Sleep(time.Hour)
			x.File(x.In(vault, false)[0])
			time.Sleep(time.Hour)
			r, err = s.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Len(t, r.Items, 2)
			r, err = s.RestoreMessage(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Len(t, r.Items, 2)
			assert.Len(t, x.In(alice, false), 2)
			assert.Empty(t, x.In(vault, false))
		})
	}
}
