package quarantine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A run dies when the copy is in quarantine and the original is still with the user. The
// next run has neither its key nor its journal: it still finds the copy by the stamp, and
// makes no other.
func TestKeyReplacedInTheMiddle(t *testing.T) {
	copying(t, func(t *testing.T, o worldOptions) {
		for _, wait := range []time.Duration{time.Minute, 3 * time.Hour} {
			sealing := func(key string) worldOptions {
				with := o
				with.settings = func(s *quarantine.Options) {
					o.settings(s)
					s.Journal, s.StampKeys = nil, [][]byte{[]byte(key)}
				}
				return with
			}
			w := newWorld(t, sealing("0123456789abcdef"))
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			ctx, cancel := context.WithCancel(t.Context())
			w.OnResponse(func(_ int, r *ewstest.Request) {
				if r.Operation == carriesBy(o) {
					w.Fail(ewstest.When{}, ewstest.DropBefore)
					cancel()
				}
			})
			_, _ = w.service.Quarantine(ctx, theTarget)
			w.OnResponse(nil)
			w.ClearFaults()
			w.count(t, 1, 1, "the run has died")
			time.Sleep(wait)
			w.service = w.newService(t, sealing("fedcba9876543210"))
			r := w.taken(t)
			require.NoError(t, r.Err())
			require.Len(t, r.Items, 1)
			w.count(t, 0, 1, "taken")
			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			w.count(t, 1, 0, "restored")
			assert.Empty(t, w.Notices())
		}
	})
}

// With LeaveRecoverable, users can recover what moving a message has left. A restore does
// not give them a second copy, and says what to do.
func TestRecoveredByItsOwner(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		if carriesBy(o) != ews.OpMoveItem {
			return // the other ways leave nothing that its user can recover
		}
		set := o.settings
		o.settings = func(s *quarantine.Options) {
			set(s)
			s.LeaveRecoverable = true
		}
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		box.Deliver(eml(theID, "Invoice"))
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		for _, m := range box.Messages() {
			if m.Distinguished == ews.FolderRecoverableItemsDeletions {
				_, err := box.Person("").Recover(m)
				require.NoError(t, err)
			}
		}
		w.count(t, 1, 1, "recovered by its owner")
		r, err := w.service.Restore(t.Context(), taken)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Undecided, r.Outcome())
		require.ErrorContains(t, r.Err(), "or somebody has put a copy back; recover, or quarantine it again")
		w.count(t, 1, 1, "no second one was given")
		require.NoError(t, w.taken(t).Err())
		w.count(t, 0, 1, "taken again")
		r, err = w.service.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		w.count(t, 1, 0, "restored")
	})
}
