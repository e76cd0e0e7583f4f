package quarantine_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// unrenewing is a journal that cannot renew, and remembers who asked it to.
type unrenewing struct {
	*quarantine.MemoryJournal
	mu    sync.Mutex
	asked []any
}

type whoAsks struct{}

func (j *unrenewing) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	if lease == 0 {
		return j.MemoryJournal.Renew(ctx, c, lease)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked = append(j.asked, ctx.Value(whoAsks{}))
	return quarantine.Claim{}, errors.New("the disk is full")
}

// byCaller is a handler that records whom log records come from.
type byCaller struct {
	slog.Handler
	records *sync.Map
}

func (h byCaller) Enabled(context.Context, slog.Level) bool { return true }

func (h byCaller) Handle(ctx context.Context, r slog.Record) error {
	h.records.Store(r.Message, ctx.Value(whoAsks{}))
	return nil
}

// Background work for a run has the values of its context, though that may have ended:
// the journal sees whose it is, and so does the log.
func TestRenewalComesWithTheCall(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, o worldOptions) {
		j, h := &unrenewing{MemoryJournal: w.journal}, byCaller{slog.DiscardHandler, &sync.Map{}}
		set := o.settings
		o.settings = func(s *quarantine.Options) {
			set(s)
			s.Journal, s.ClaimFor, s.Logger = j, 3*time.Minute, slog.New(h)
		}
		onCall(w, ews.OpMoveItem, func() { time.Sleep(2 * time.Minute) })
		ctx := context.WithValue(t.Context(), whoAsks{}, "worker 7")
		r, err := w.newService(t, o).Quarantine(ctx, theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		j.mu.Lock()
		defer j.mu.Unlock()
		assert.Contains(t, j.asked, any("worker 7"))
		assert.NotContains(t, j.asked, any(nil))
		caller, _ := h.records.Load("journal: claim could not be renewed")
		assert.Equal(t, "worker 7", caller)
	})
}
