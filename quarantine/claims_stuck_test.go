package quarantine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// stuck is a journal that no longer answers, except to Begin.
type stuck struct{ *quarantine.MemoryJournal }

func (stuck) Renew(ctx context.Context, c quarantine.Claim, _ time.Duration) (quarantine.Claim, error) {
	<-ctx.Done()
	return c, context.Cause(ctx)
}

func (stuck) Finish(ctx context.Context, _ quarantine.Claim) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// A run ends at most 5 seconds after its context, whatever the journal does, and
// continues without the journal until then.
func TestStuckJournal(t *testing.T) {
	for name, end := range map[string]func(w *world, cancel func()){
		"while it finishes": func(_ *world, cancel func()) { time.AfterFunc(30*time.Second, cancel) },
		"when it moves":     func(w *world, cancel func()) { onCall(w, ews.OpMoveItem, cancel) },
		"when it marks":     func(w *world, cancel func()) { onCall(w, ews.OpUpdateItem, cancel) },
	} {
		inBubbleSub(t, name, func(t *testing.T, w *world, o worldOptions) {
			set := o.settings
			o.settings = func(s *quarantine.Options) { set(s); s.Journal = stuck{w.journal} }
			ctx, cancel := context.WithCancel(t.Context())
			var ended time.Time
			end(w, func() { ended = time.Now(); cancel() })
			_, err := w.newService(t, o).Quarantine(ctx, theTarget)
			require.NoError(t, err)
			require.False(t, ended.IsZero())
			assert.LessOrEqual(t, time.Since(ended), 5*time.Second+time.Millisecond)
		})
	}
}
