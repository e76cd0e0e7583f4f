package quarantine_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Two runs, of two processes or for two targets that both mean it, take or put back
// the same copy. The later one finds it done, or finds the other one at work and
// reports that, at whatever request of the other it arrives; and there is one copy,
// where it belongs.
func TestDoneMeanwhile(t *testing.T) {
	t.Parallel()
	all := slices.Clone(accesses)
	for _, name := range []string{"FullAccess", "Impersonation"} {
		one := accesses[0]
		one.name, one.worldOptions = name+", everywhere", everywhere(name == "Impersonation")
		all = append(all, one)
		one.settings = func(s *quarantine.Options) { s.LeaveRecoverable = true } // what a move leaves in Recoverable Items stays
		one.name += ", not swept"
		all = append(all, one)
	}
	for row, a := range all {
		first, step := 1, 1
		if !*whole {
			first, step = 1+row%9, 9
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			nth := first
			for ; meanwhile(t, a.worldOptions, nth); nth += step {
				require.Less(t, nth, 100)
			}
			require.Greater(t, nth, first, "the other run never came")
		})
	}
}

// meanwhile has another run do everything at the nth request of a quarantine, and
// again of a restore. It returns whether either of them had that many requests.
func meanwhile(t *testing.T, o worldOptions, nth int) (struck bool) {
	t.Helper()
	w := newWorld(t, o)
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	var seen atomic.Int64
	var other func()
	w.OnRequest(func(int, *ewstest.Request) {
		if seen.Add(1) == int64(nth) {
			struck = true
			other()
		}
	})
	both := func(what string, done []quarantine.Outcome, run func(*quarantine.Service) (*quarantine.Receipt, error)) *quarantine.Receipt {
		check := func(s *quarantine.Service, late bool) *quarantine.Receipt {
			receipt, err := run(s)
			what := fmt.Sprintf("%s, at request %d", what, nth)
			require.NoError(t, err, what)
			if late && receipt.Outcome() == quarantine.Undecided {
				assert.ErrorContains(t, receipt.Err(), "another run may be working on it", what)
				return receipt
			}
			require.NoError(t, receipt.Err(), what)
			assert.Contains(t, done, receipt.Outcome(), what)
			return receipt
		}
		rival := w.newService(t, o)
		other = func() { check(rival, true) }
		seen.Store(0)
		return check(w.service, false)
	}
	taken := both("quarantine", []quarantine.Outcome{quarantine.Quarantined, quarantine.AlreadyQuarantined}, func(s *quarantine.Service) (*quarantine.Receipt, error) {
		return s.Quarantine(t.Context(), target)
	})
	assert.Empty(t, w.in(alice, theID), nth)
	assert.Len(t, w.in(vault, theID), 1, nth)
	both("restore", []quarantine.Outcome{quarantine.Restored, quarantine.AlreadyRestored}, func(s *quarantine.Service) (*quarantine.Receipt, error) {
		return s.Restore(t.Context(), taken)
	})
	assert.Len(t, w.in(alice, theID), 1, nth)
	assert.Empty(t, w.in(vault, theID), nth)
	return struck
}
