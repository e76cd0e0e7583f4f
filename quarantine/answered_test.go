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

// How long the engine waits before it carries an item again depends on what the
// driver says of the failure and of its way, not on the names of either: only
// where a copy may still be made does it wait for as long as a server works.
func TestWaitAfterAFailedCarry(t *testing.T) {
	t.Parallel()
	cause := errors.New("store: no")
	for name, tc := range map[string]struct {
		carried driver.Carried
		err     error
		long    bool
	}{
		"answered":                {driver.Carried{Way: "store"}, &driver.Error{Err: cause, Answered: true, Temporary: true}, false},
		"refused, for a while":    {driver.Carried{Way: "store"}, &driver.Error{Err: cause, Answered: true, Untouched: true, Temporary: true}, false},
		"lost, by a way for once": {driver.Carried{Way: "store", Once: true}, &driver.Error{Err: cause}, false},
		"lost":                    {driver.Carried{Way: driver.WayMove}, &driver.Error{Err: cause}, true},
		"lost, and nothing said":  {driver.Carried{}, cause, true},
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
				require.NoError(t, r.Err())
				assert.Equal(t, quarantine.Quarantined, r.Outcome())
				assert.Len(t, w.in(vault, theID), 1)
				if took := time.Since(began); tc.long {
					assert.GreaterOrEqual(t, took, time.Minute)
				} else {
					assert.LessOrEqual(t, took, 5*time.Second)
				}
			})
		})
	}
}
