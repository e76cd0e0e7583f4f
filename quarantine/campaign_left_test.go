package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// carriesNot is a strategy that crashes when asked to carry.
type carriesNot struct {
	driver.Strategy
	on *bool
}

func (c carriesNot) Carry(ctx context.Context, carriage driver.Carriage) (driver.Carried, error) {
	if *c.on {
		panic("crash")
	}
	return c.Strategy.Carry(ctx, carriage)
}

// A message that a restore may still put back is not finished: the campaign takes it
// the next time it is run.
func TestCampaignBesideARestore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		j := &quarantine.MemoryJournal{}
		crash := false
		open := func() (*quarantine.Service, *quarantine.Router) {
			s, err := quarantine.New(carriesNot{x.Strategy(driver.WayTransfer), &crash}, vault, &quarantine.Options{Name: "A", Journal: j})
			require.NoError(t, err)
			r, err := quarantine.NewRouter([]quarantine.Route{{Service: s, Mailboxes: []string{alice}}}, nil)
			require.NoError(t, err)
			return s, r
		}
		s, _ := open()
		target := quarantine.Target{Mailbox: alice, MessageID: theID}
		taken, err := s.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		crash = true
		func() {
			defer func() { assert.NotNil(t, recover()) }()
			_, _ = s.Restore(t.Context(), taken)
		}()
		crash = false

		s, r := open()
		first, _ := campaign(t, t.Context(), r, "case 17", []quarantine.Target{target})
		require.NoError(t, first[alice].Err())
		require.Len(t, first[alice].Items, 1)
		require.Contains(t, first[alice].Items[0].Residue, "a restore of it is in progress")
		time.Sleep(time.Hour)
		back, err := s.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		require.Len(t, x.In(alice, false), 1)

		second, _ := campaign(t, t.Context(), r, "case 17", []quarantine.Target{target})
		assert.Equal(t, quarantine.Quarantined, second[alice].Outcome())
		assert.Empty(t, x.In(alice, false))
	})
}
