package quarantine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carriesNothing is a driver that panics when asked to carry an item.
type carriesNothing struct{ driver.Strategy }

func (carriesNothing) Carry(context.Context, driver.Carriage) (driver.Carried, error) {
	panic("no room")
}

// ends records what a hook is told at the end.
type ends struct{ items []quarantine.ItemEnd }

func (*ends) TraceItemStart(ctx context.Context, _ quarantine.ItemStart) context.Context { return ctx }

func (e *ends) TraceItemEnd(_ context.Context, it quarantine.ItemEnd) { e.items = append(e.items, it) }

// A driver that panics ends the call, but the hook is still called.
func TestHookOfAPanic(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		h := &ends{}
		s, err := quarantine.New(carriesNothing{w.newStrategy(t, o)}, vault, &quarantine.Options{Journal: w.journal, Hook: h})
		require.NoError(t, err)
		assert.PanicsWithValue(t, "no room", func() { _, _ = s.Quarantine(t.Context(), theTarget) })
		require.Len(t, h.items, 1)
		assert.Equal(t, quarantine.Undecided, h.items[0].Outcome)
		assert.ErrorContains(t, h.items[0].Err, "a panic")
	})
}
