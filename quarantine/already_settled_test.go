package quarantine_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A run is killed just after the original has been removed. The next run finds the
// message in quarantine and settles the intent as well: nothing is left for the recovery.
func TestAlreadyQuarantinedSettlesTheIntent(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		last := ews.OpDeleteItem
		if carriesBy(o) == ews.OpMoveItem {
			last = ews.OpMoveItem
		}
		ctx, kill := context.WithCancel(t.Context())
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if q.Operation == last {
				kill()
			}
		})
		r, err := w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.Equal(t, quarantine.Undecided, r.Outcome())
		w.OnResponse(nil)
		w.count(t, 0, 1, "when it was killed")
		open, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		require.Len(t, open, 1)

		var told outcomes
		set := o.settings
		o.settings = func(s *quarantine.Options) {
			if set != nil {
				set(s)
			}
			s.Hook = &told
		}
		r, err = w.newService(t, o).Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.NoError(t, r.Err())
		assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome())
		for _, outcome := range told {
			assert.Equal(t, r.Outcome(), outcome, "the hook is told what the receipt says")
		}
		assert.NotEmpty(t, told)
		assert.Len(t, r.Items, 1)
		open, err = openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		assert.Empty(t, open)
	})
}

// outcomes is a hook that records the outcomes of items.
type outcomes []quarantine.Outcome

func (o *outcomes) TraceItemStart(ctx context.Context, _ quarantine.ItemStart) context.Context {
	return ctx
}

func (o *outcomes) TraceItemEnd(_ context.Context, it quarantine.ItemEnd) {
	*o = append(*o, it.Outcome)
}
