package quarantine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// lastCall is a limiter whose caller gives up while waiting for one of its calls.
type lastCall struct {
	left int // calls that are let through
	end  context.CancelCauseFunc
}

func (l *lastCall) Acquire(ctx context.Context, _ string) (func(bool, time.Duration), error) {
	if l.left--; l.left == 0 {
		l.end(errors.New("the shift is over"))
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return func(bool, time.Duration) {}, nil
}

// TestContextEndsWhileWaiting: if the context ends while a call waits for its turn, that
// is not a refusal by the server, and the receipt does not call it one.
func TestContextEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		defer srv.Close()
		limiter := &lastCall{}
		client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc"), Limiter: limiter, Payer: "svc"})
		require.NoError(t, err)
		strategy, err := ewsmail.NewFullAccess(client, nil)
		require.NoError(t, err)
		q, err := quarantine.New(strategy, vault, nil)
		require.NoError(t, err)
		target := quarantine.Target{Mailbox: alice, MessageID: theID}
		whole := func(work func(context.Context, quarantine.Target) (*quarantine.Receipt, error)) {
			limiter.left = 0
			_, err := work(t.Context(), target)
			require.NoError(t, err)
		}
		srv.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		seen := map[string]map[quarantine.Outcome]bool{}
		for n := 1; n < 9; n++ {
			for name, work := range map[string]func(context.Context, quarantine.Target) (*quarantine.Receipt, error){"quarantine": q.Quarantine, "restore": q.RestoreMessage} {
				if whole(q.RestoreMessage); name == "restore" {
					whole(q.Quarantine)
				}
				ctx, end := context.WithCancelCause(t.Context())
				limiter.left, limiter.end = n, end
				r, err := work(ctx, target)
				end(nil)
				if err == nil {
					if seen[name] == nil {
						seen[name] = map[quarantine.Outcome]bool{}
					}
					seen[name][r.Outcome()] = true
					assert.NotEqual(t, quarantine.Refused, r.Outcome(), "%s, call %d: %v", name, n, r.Err())
				}
			}
		}
		for name, outcomes := range seen {
			assert.True(t, outcomes[quarantine.NotBegun], "%s: %v", name, outcomes)
		}
		assert.Len(t, seen, 2)
	})
}
