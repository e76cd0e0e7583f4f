package quarantine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// unlucky is a strategy whose first Carry fails before it does anything.
type unlucky struct {
	driver.Strategy
	carried driver.Carried
	err     error
	once    *sync.Once
}

func (u unlucky) Carry(ctx context.Context, c driver.Carriage) (carried driver.Carried, err error) {
	u.once.Do(func() { carried, err = u.carried, u.err })
	if err != nil {
		return carried, err
	}
	return u.Strategy.Carry(ctx, c)
}

// What the engine does after a failed carry depends on what the driver reports
// about the failure and about its way, not on the names of either. If certainly
// nothing was done, or the same request can do no more than the first, it tries
// again immediately; if a copy may have been made, it tries again once a search
// would show it; and if one may still be made, it does not try again in this run.
func TestWaitAfterAFailedCarry(t *testing.T) {
	t.Parallel()
	cause := errors.New("store: no")
	for name, tc := range map[string]struct {
		carried driver.Carried
		err     error
		wait    time.Duration
		outcome quarantine.Outcome
	}{
		"answered":                {driver.Carried{Way: "store"}, &driver.Error{Err: cause, Answered: true, Temporary: true}, time.Minute, quarantine.Quarantined},
		"refused, for a while":    {driver.Carried{Way: "store"}, &driver.Error{Err: cause, Answered: true, Untouched: true, Temporary: true}, 0, quarantine.Quarantined},
		"lost, by a way for once": {driver.Carried{Way: driver.WayMove, Once: true}, &driver.Error{Err: cause}, 0, quarantine.Quarantined},
		"lost":                    {driver.Carried{Way: driver.WayMove}, &driver.Error{Err: cause}, time.Minute, quarantine.Undecided},
		"lost, and nothing said":  {driver.Carried{}, cause, time.Minute, quarantine.Undecided},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, worldOptions{})
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				s, err := quarantine.New(unlucky{w.newStrategy(t, worldOptions{}), tc.carried, tc.err, new(sync.Once)}, vault, nil)
				require.NoError(t, err)
				began := time.Now()
				r, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
				require.Equal(t, tc.outcome, r.Outcome(), r.Err())
				took := time.Since(began)
				assert.GreaterOrEqual(t, took, tc.wait)
				assert.LessOrEqual(t, took, 3*tc.wait+5*time.Second)
				time.Sleep(time.Hour)
				r, err = s.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
				require.NoError(t, err)
				require.NoError(t, r.Err())
				assert.Len(t, w.in(vault, theID), 1)
				assert.Empty(t, w.in(alice, theID))
			})
		})
	}
}
