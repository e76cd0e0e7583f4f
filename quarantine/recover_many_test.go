package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

var errPowerCut = errors.New("power cut")

// cutOff begins to take n messages, and leaves the intent of each.
func cutOff(t *testing.T, w *world, n int) (ids map[string]bool) {
	t.Helper()
	ids = map[string]bool{}
	for i := range n {
		id := fmt.Sprintf("<%d@evil.example>", i)
		ids[id] = true
		w.Mailbox(alice).Deliver(eml(id, "Invoice"))
		ctx, cancel := context.WithCancelCause(t.Context())
		moved := false
		w.OnRequest(func(_ int, r *ewstest.Request) {
			if moved {
				cancel(errPowerCut)
			}
			moved = moved || r.Operation == ews.OpMoveItem
		})
		r, err := w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: id})
		require.Error(t, errors.Join(err, r.Err()))
		cancel(nil)
	}
	w.OnRequest(nil)
	open, err := openIntents(t.Context(), w.journal)
	require.NoError(t, err)
	require.Len(t, open, n)
	return ids
}

// Many intents wait concurrently for what each has to wait for.
func TestRecoverMany(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		ids := cutOff(t, w, 20)
		began := time.Now()
		for _, r := range recoveries(t, w.newService(t, o)) {
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.Quarantined, r.Outcome())
			delete(ids, r.Target.MessageID)
		}
		assert.Empty(t, ids)
		assert.Less(t, time.Since(began), 3*time.Minute)
		open, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		assert.Empty(t, open)
	})
}
