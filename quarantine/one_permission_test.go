package quarantine_test

import (
	"context"
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

// onePermission is a limiter that lets one call through at a time. It does not know
// Reserve.
type onePermission struct {
	free      chan struct{}
	granted   int
	throttled int
}

func newOnePermission() *onePermission {
	l := &onePermission{free: make(chan struct{}, 1)}
	l.free <- struct{}{}
	return l
}

func (l *onePermission) Acquire(ctx context.Context, _ string) (func(bool, time.Duration), error) {
	select {
	case <-l.free:
		l.granted++
		return func(throttled bool, _ time.Duration) {
			if throttled {
				l.throttled++
			}
			l.free <- struct{}{}
		}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// TestALimiterWithOnePermission: the upload of an item has to wait for its export,
// which holds the only permission.
func TestALimiterWithOnePermission(t *testing.T) {
	t.Parallel()
	for _, way := range []quarantine.Way{quarantine.WayTransfer, quarantine.WayMIME} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := ewstest.NewServer(nil)
				defer srv.Close()
				srv.Mailbox(alice).Deliver([]byte("From: m@evil.example\r\nSubject: x\r\nMessage-ID: <1@evil.example>\r\n\r\nClick.\r\n"))
				limiter := newOnePermission()
				client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc"), Limiter: limiter, Payer: "svc"})
				require.NoError(t, err)
				strategy, err := ewsmail.NewImpersonation(client, &ewsmail.Options{Ways: []quarantine.Way{way}})
				require.NoError(t, err)
				q, err := quarantine.New(strategy, vault, nil)
				require.NoError(t, err)
				op := map[quarantine.Way]ews.Operation{quarantine.WayTransfer: ews.OpUploadItems, quarantine.WayMIME: ews.OpCreateItem}[way]
				srv.FailNext(op, ewstest.FaultCode("ErrorServerBusy").BackOff(time.Second))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				target := quarantine.Target{Mailbox: alice, MessageID: "<1@evil.example>"}
				receipt, err := q.Quarantine(ctx, target)
				require.NoError(t, err)
				require.NoError(t, receipt.Err())
				require.Len(t, receipt.Items, 1)
				assert.Equal(t, way, receipt.Items[0].Way)
				back, err := q.Restore(ctx, receipt)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Len(t, limiter.free, 1, "every permission is given back")
				assert.Positive(t, limiter.throttled, "what the server says to the second call is reported")
				assert.Less(t, limiter.granted, len(srv.Requests()), "two calls went out with one permission")
			})
		})
	}
}
