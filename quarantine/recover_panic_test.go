package quarantine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// panicsOnce is a hook that panics the first time it is called for a message.
type panicsOnce struct{ done atomic.Bool }

func (h *panicsOnce) TraceItemStart(ctx context.Context, _ quarantine.ItemStart) context.Context {
	if !h.done.Swap(true) {
		panic("no room")
	}
	return ctx
}

func (*panicsOnce) TraceItemEnd(context.Context, quarantine.ItemEnd) {}

// A panic at one intent does not keep the others from being settled: it then propagates to
// the caller, and the next recovery settles that intent, too.
func TestRecoverPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		const n = 40 // more than are settled at a time
		ids := cutOff(t, w, n)
		set := o.settings
		o.settings = func(s *quarantine.Options) { set(s); s.Hook = &panicsOnce{} }
		s := w.newService(t, o)
		outcomes := map[quarantine.Outcome]int{}
		panicsIn(t, "no room", "TraceItemStart", func() {
			for r, err := range s.Recover(t.Context()) {
				require.NoError(t, err)
				outcomes[r.Outcome()]++
				if r.Outcome() != quarantine.Undecided {
					delete(ids, r.Target.MessageID)
					continue
				}
				assert.Equal(t, "quarantine", r.Action)
				assert.True(t, ids[r.Target.MessageID], "which one it was is said")
				assert.ErrorContains(t, r.Err(), "a panic")
			}
		})
		assert.Equal(t, map[quarantine.Outcome]int{quarantine.Quarantined: n - 1, quarantine.Undecided: 1}, outcomes)
		for _, r := range recoveries(t, s) {
			require.NoError(t, r.Err())
			delete(ids, r.Target.MessageID)
		}
		assert.Empty(t, ids)
	})
}

// A Panic unwraps to the error that was panicked with, if it was an error.
func TestPanicIsItsError(t *testing.T) {
	t.Parallel()
	cause := errors.New("no room")
	assert.ErrorIs(t, &quarantine.Panic{Value: cause}, cause)
	assert.NoError(t, errors.Unwrap(&quarantine.Panic{Value: "no room"}))
}
