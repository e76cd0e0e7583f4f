package quarantine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// unindexed is a strategy for a server that finds nothing by its stamp.
type unindexed struct{ driver.Strategy }

func (u unindexed) Mailbox(address string) driver.Mailbox {
	return unindexedMailbox{u.Strategy.Mailbox(address)}
}

type unindexedMailbox struct{ driver.Mailbox }

func (m unindexedMailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	found, err := m.Mailbox.Find(ctx, q)
	if q.Operation != "" || q.Origin != "" {
		found.Items = nil
	}
	return found, err
}

func (m unindexedMailbox) Unwrap() driver.Mailbox { return m.Mailbox }

// A process dies after it has moved a message, and no search finds a stamp: the recovery
// does not call the message gone, but says where it is, and keeps the intent until searches
// work.
func TestRecoverWhereStampsAreNotFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		journal, dies := &quarantine.MemoryJournal{}, true
		moves := detour.Strategy(x.Strategy(driver.WayMove), func(_ context.Context, c *detour.Call) {
			c.Act()
			if c.Kind == detour.Carry && dies {
				panic("the process is killed")
			}
		})
		first, err := quarantine.New(moves, vault, &quarantine.Options{Journal: journal})
		require.NoError(t, err)
		assert.Panics(t, func() { _, _ = first.Quarantine(t.Context(), theTarget) })
		dies = false
		require.Len(t, x.In(vault, false), 1)
		time.Sleep(24 * time.Hour)

		s, err := quarantine.New(unindexed{moves}, vault, &quarantine.Options{Journal: journal})
		require.NoError(t, err)
		all := recoveries(t, s)
		require.Len(t, all, 1)
		assert.Equal(t, quarantine.Undecided, all[0].Outcome())
		assert.ErrorContains(t, all[0].Err(), "it is in /Quarantine of "+vault+", where the server does not find it by its stamp")

		all = recoveries(t, first)
		require.Len(t, all, 1)
		require.NoError(t, all[0].Err())
		assert.Equal(t, quarantine.Quarantined, all[0].Outcome())
	})
}

// A gateway carries out a request twice: the run that sent it sees both copies in
// quarantine, puts one aside and reports that.
func TestCarriedTwiceIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
			if c.Kind == detour.Carry {
				c.Act()
			}
			c.Act()
		}), vault, &quarantine.Options{Journal: &quarantine.MemoryJournal{}})
		require.NoError(t, err)
		r, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		require.Len(t, r.Items, 1)
		assert.Len(t, r.Items[0].Surplus, 1)
		assert.Contains(t, r.Items[0].Residue, "a second copy is in /Surplus of "+vault)
		places := map[string]int{}
		for _, o := range x.In(vault, false) {
			places[x.Folders[o.Folder].Name]++
		}
		assert.Equal(t, map[string]int{"Quarantine": 1, "Surplus": 1}, places)
	})
}

// Somebody moves the original to another mailbox, or deletes it, after it has been copied:
// the receipt says that there may be another copy.
func TestOriginalGoneByOtherHands(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		synctest.Test(t, func(t *testing.T) {
			x := twobox.New(alice, vault)
			o := x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
			s, err := quarantine.New(detour.Strategy(x.Strategy(way), func(_ context.Context, c *detour.Call) {
				if c.Kind == detour.Remove {
					x.Purge(o)
				}
				c.Act()
			}), vault, &quarantine.Options{Journal: &quarantine.MemoryJournal{}})
			require.NoError(t, err)
			r, err := s.Quarantine(t.Context(), theTarget)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.Quarantined, r.Outcome())
			if way == driver.WayMove { // nothing is removed
				assert.Empty(t, r.Items[0].Residue)
				return
			}
			assert.Contains(t, r.Items[0].Residue, "the original in "+alice+" was gone before this run removed it")
		})
	}
}

// The same, if the server is busy when the original should be removed: a refused removal
// has not removed it.
func TestOriginalGoneBeforeTheSecondTry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		o := x.Deliver(alice, twobox.Message{ID: theID, Received: time.Now(), Sent: time.Now()})
		tries := 0
		s, err := quarantine.New(detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
			if c.Kind == detour.Remove {
				if tries++; tries == 1 {
					c.Fail(&driver.Error{Err: errors.New("busy"), Untouched: true, Temporary: true, Answered: true})
					return
				}
				x.Purge(o)
			}
			c.Act()
		}), vault, nil)
		require.NoError(t, err)
		r, err := s.Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Equal(t, 2, tries)
		assert.Contains(t, r.Items[0].Residue, "the original in "+alice+" was gone before this run removed it")
	})
}
