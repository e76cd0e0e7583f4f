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

// asked is a strategy that reports what its mailboxes are searched for.
type asked struct {
	driver.Strategy
	tell func(box string, q driver.Query)
}

func (a asked) Mailbox(address string) driver.Mailbox {
	return askedMailbox{a.Strategy.Mailbox(address), a.tell}
}

type askedMailbox struct {
	driver.Mailbox
	tell func(box string, q driver.Query)
}

func (m askedMailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	m.tell(m.Address(), q)
	return m.Mailbox.Find(ctx, q)
}

func (m askedMailbox) Unwrap() driver.Mailbox { return m.Mailbox }

// Several copies whose stamps were removed in quarantine are each reported, after one
// search for their Message-ID.
func TestRestoreOfStamplessCopies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		for i := range 3 {
			x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now().Add(time.Duration(i) * time.Minute), Sent: time.Now()})
		}
		searches := 0
		s, err := quarantine.New(asked{x.Strategy(driver.WayMove), func(box string, q driver.Query) {
			if box == vault && q.MessageID != "" && q.Operation == "" && q.Origin == "" {
				searches++
			}
		}}, vault, &quarantine.Options{Journal: &quarantine.MemoryJournal{}})
		require.NoError(t, err)
		taken, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		for _, o := range x.In(vault, false) {
			o.Stamp = nil
		}
		searches = 0
		r, err := s.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.Len(t, r.Items, 3)
		for _, it := range r.Items {
			assert.Equal(t, quarantine.NotFound, it.Outcome)
			assert.ErrorContains(t, it.Err, "without a stamp, is in /Quarantine of "+vault)
		}
		assert.Equal(t, 1, searches)
	})
}
