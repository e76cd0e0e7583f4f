package exchange_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// countingTracer passes its calls on to counters and a tracer.
type countingTracer struct {
	*counters.Counters
	seen *tracer
}

func (b countingTracer) TraceItemStart(ctx context.Context, item quarantine.ItemStart) context.Context {
	return b.seen.TraceItemStart(b.Counters.TraceItemStart(ctx, item), item)
}

func (b countingTracer) TraceCallEnd(ctx context.Context, call ews.CallEnd) {
	b.Counters.TraceCallEnd(ctx, call)
	b.seen.TraceCallEnd(ctx, call)
}

// TestGraphHooks: counters count over Graph what they count over EWS.
func TestGraphHooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newTenant(t)
		o.deliver("")
		o.Fail(graphtest.When{Operation: graphtest.OpUpdateMessage, Times: 1}, graphtest.Throttled(7*time.Second))
		o.Fail(graphtest.When{Operation: graphtest.OpListUsers, Times: 1}, graphtest.Unavailable)
		c := &exchange.Config{API: exchange.APIGraph, GraphURL: o.DirectURL(), QuarantineMailbox: "quarantine@example.test"}
		c.Authentication.Type = exchange.AuthenticationExternal
		h := countingTracer{new(counters.Counters), newTracer()}
		var log bytes.Buffer
		s, err := exchange.Open(c, &exchange.Options{
			Transport: o.Direct(), SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return o.As(base, "app"), nil },
			Hook: h, CallHook: h, Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
		require.NoError(t, err)
		defer s.Close()
		receipt, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
		require.NoError(t, err)
		require.NoError(t, receipt.Err())

		v := h.Values()
		var calls int64
		for _, by := range v.Calls {
			for _, n := range by {
				calls += n
			}
		}
		whole := int64(0)
		for _, r := range o.Requests() {
			if !r.Part {
				whole++
			}
		}
		assert.Equal(t, whole, calls, "each request, a batch as one")
		assert.EqualValues(t, calls, strings.Count(log.String(), `msg="graph call"`))
		assert.Contains(t, log.String(), `level=WARN msg="graph call" operation="PATCH message" mailbox=alice@example.test`)
		assert.Contains(t, log.String(), "code=ApplicationThrottled backOff=7s")
		for _, secret := range []string{"authtoken", "eyJ", "Invoice", "mallory", "Click here"} {
			assert.NotContains(t, log.String(), secret)
		}
		assert.EqualValues(t, receipt.Cost.Requests, calls)
		assert.EqualValues(t, 1, v.Calls["PATCH message"][ews.CallThrottled])
		assert.EqualValues(t, 1, v.Calls["list users"][ews.CallFailed])
		assert.EqualValues(t, 1, v.Calls["exportItems"][ews.CallOK])
		assert.EqualValues(t, 1, v.Calls["import item"][ews.CallOK])
		assert.EqualValues(t, 2, v.CallRetries)
		assert.Equal(t, 7*time.Second, v.BackOff)
		assert.GreaterOrEqual(t, v.Waited, 7*time.Second)
		assert.Equal(t, receipt.Cost.BytesOut, v.BytesOut)
		assert.Equal(t, receipt.Cost.BytesIn, v.BytesIn)
		assert.Positive(t, v.MessageCalls)
		for n, calls := range h.seen.calls {
			for _, call := range calls {
				assert.Contains(t, []string{"alice@example.test", "quarantine@example.test", ""}, call.Mailbox)
				assert.NotEmpty(t, call.Server)
				assert.NotZero(t, call.Attempt)
				assert.Equal(t, call.Operation == "import item", call.ClientRequestID == "", call.Operation)
				if call.Outcome == ews.CallOK {
					assert.EqualValues(t, "NoError", call.Code)
				}
				if call.Operation == "import item" {
					assert.NotZero(t, n, "an import is made for a message")
				}
			}
		}
	})
}

// TestGraphHookOfRefusals: the hook gets Graph's code for a refusal.
func TestGraphHookOfRefusals(t *testing.T) {
	t.Parallel()
	o := newTenant(t)
	o.deliver("")
	o.FailNext(graphtest.OpExportItems, graphtest.ExportFails("ErrorCorruptData"))
	c := &exchange.Config{API: exchange.APIGraph, GraphURL: o.DirectURL(), QuarantineMailbox: "quarantine@example.test"}
	c.Authentication.Type = exchange.AuthenticationExternal
	h := newTracer()
	s, err := exchange.Open(c, &exchange.Options{
		Transport: o.Direct(), SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return o.As(base, "app"), nil }, CallHook: h, Attempts: 1,
	})
	require.NoError(t, err)
	defer s.Close()
	receipt, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
	require.NoError(t, err)
	require.Error(t, receipt.Err())
	var refused []ews.CallEnd
	for _, call := range h.calls[0] {
		if call.Operation == "exportItems" && call.Outcome == ews.CallRefused {
			refused = append(refused, call)
		}
	}
	require.NotEmpty(t, refused)
	assert.EqualValues(t, "ErrorCorruptData", refused[0].Code)
	assert.Equal(t, http.StatusOK, refused[0].Status)
}

// lines is a writer that may be used concurrently.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// tokens keeps the tokens that pass through it, which the server echoes in its answers.
type tokens struct {
	http.RoundTripper
	mu   sync.Mutex
	seen []string
}

func (s *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.RoundTripper.RoundTrip(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range []string{strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.URL.Query().Get("authtoken")} {
		if secret != "" && err == nil {
			s.seen = append(s.seen, secret)
			res.Header.Set("X-Debug", secret)
		}
	}
	return res, err
}

// TestGraphWire: what is shown contains neither tokens nor import URLs, and contents only
// on request.
func TestGraphWire(t *testing.T) {
	t.Parallel()
	for _, bodies := range []bool{false, true} {
		o := newTenant(t)
		o.deliver("")
		o.FailNext(graphtest.OpImportItem, graphtest.Status(401, "").Body(`{"Message":"the session is over"}`))
		c := &exchange.Config{API: exchange.APIGraph, GraphURL: o.DirectURL(), QuarantineMailbox: "quarantine@example.test"}
		c.Authentication.Type = exchange.AuthenticationExternal
		base, wire := &tokens{RoundTripper: o.Direct()}, new(lines)
		s, err := exchange.Open(c, &exchange.Options{
			Transport: base, SignIn: func(_ string, rt http.RoundTripper) (http.RoundTripper, error) { return o.As(rt, "app"), nil },
			Wire: wire, WireBodies: bodies,
		})
		require.NoError(t, err)
		receipt, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
		require.NoError(t, err)
		require.NoError(t, receipt.Err())
		require.NoError(t, s.Close())

		shown := wire.b.String()
		require.Greater(t, len(base.seen), 4)
		for _, secret := range base.seen {
			assert.NotContains(t, shown, secret)
			assert.NotContains(t, shown, secret[:40])
		}
		assert.NotContains(t, shown, "authtoken=")
		assert.Contains(t, shown, `"importUrl":"[`)
		assert.Contains(t, shown, ">>> import item, POST https://outlook.example.test/")
		assert.Contains(t, shown, ">>> PATCH message, PATCH "+o.DirectURL())
		assert.Contains(t, shown, "the session is over")
		assert.Equal(t, !bodies, strings.Contains(shown, `"Data":"[`), "of the import")
		assert.Equal(t, !bodies, strings.Contains(shown, `"data":"[`), "of the export")
		assert.Contains(t, shown, "<<< HTTP/1.1 200 OK")
	}
}
