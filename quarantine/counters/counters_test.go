package counters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

const message = "Message-ID: <1@evil.example>\r\nFrom: mallory@evil.example\r\nSubject: Invoice\r\n\r\nPay now.\r\n"

var target = quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}

func configured(url string) *exchange.Config {
	return &exchange.Config{
		EWSURL: url, QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: "svc@example.test", Password: exchange.NewSecret("svc-password")},
	}
}

func open(t *testing.T, url string, transport http.RoundTripper, counts *counters.Counters) *quarantine.Service {
	t.Helper()
	s, err := exchange.Open(configured(url), &exchange.Options{Transport: transport, Hook: counts, CallHook: counts})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestCounters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := ewstest.NewServer(nil)
		t.Cleanup(srv.Close)
		srv.Mailbox(target.Mailbox).Deliver([]byte(message))
		srv.Fail(ewstest.When{Operation: ews.OpGetItem, Times: 1}, ewstest.Busy.BackOff(7*time.Second))
		counts := new(counters.Counters)
		s := open(t, "https"+strings.TrimPrefix(srv.DirectURL(), "http"), srv.Direct(), counts)
		r, err := s.Quarantine(t.Context(), target)
		require.NoError(t, err)
		between := counts.Values()
		back, err := s.Restore(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, quarantine.Restored, back.Outcome())

		v := counts.Values()
		assert.Equal(t, map[quarantine.ItemAction]map[quarantine.Outcome]int64{
			quarantine.ItemQuarantine: {quarantine.Quarantined: 1}, quarantine.ItemRestore: {quarantine.Restored: 1},
		}, v.Messages)
		assert.Len(t, between.Messages, 1, "what was returned before does not change")
		var calls, sent int64
		for _, by := range v.Calls {
			for outcome, n := range by {
				calls += n
				if outcome != ews.CallUnsent {
					sent += n
				}
			}
		}
		assert.EqualValues(t, len(srv.Requests()), calls)
		assert.EqualValues(t, 1, v.Calls[ews.OpGetItem][ews.CallThrottled])
		assert.EqualValues(t, 1, v.CallRetries)
		assert.Equal(t, 7*time.Second, v.BackOff)
		assert.Equal(t, 7*time.Second, v.Waited, "nothing else made it wait")
		assert.GreaterOrEqual(t, v.MessageTime, 7*time.Second)
		assert.Less(t, v.MessageCalls, sent, "searches are not counted for messages")
		assert.InDelta(t, float64(v.MessageCalls)/2, v.CallsPerMessage(), 1e-9)
		assert.Greater(t, v.BytesOut, 1000*sent/2)
		assert.Greater(t, v.BytesIn, 1000*sent/2)

		var again counters.Values
		require.NoError(t, json.Unmarshal([]byte(counts.String()), &again))
		assert.Equal(t, v, again)
	})
}

// A call that was cancelled before it was sent is counted, but not as a call to the
// server.
func TestUnsent(t *testing.T) {
	t.Parallel()
	counts := new(counters.Counters)
	ctx := counts.TraceItemStart(t.Context(), quarantine.ItemStart{})
	start := ews.CallStart{Operation: ews.OpFindItem, Attempt: 2}
	counts.TraceCallEnd(counts.TraceCallStart(ctx, start), ews.CallEnd{CallStart: start, Outcome: ews.CallUnsent, Waited: time.Second, Duration: time.Second})
	v := counts.Values()
	assert.EqualValues(t, 1, v.Calls[ews.OpFindItem][ews.CallUnsent])
	assert.Equal(t, time.Second, v.Waited)
	assert.Zero(t, v.MessageCalls)
	assert.Zero(t, v.CallRetries)
	assert.Zero(t, v.CallTime)
	assert.Zero(t, v.CallsPerMessage())
}

func TestHandshakes(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{TLS: true})
	t.Cleanup(srv.Close)
	srv.Mailbox(target.Mailbox).Deliver([]byte(message))
	counts := new(counters.Counters)
	_, err := open(t, srv.URL(), srv.Transport(), counts).Quarantine(t.Context(), target)
	require.NoError(t, err)
	v := counts.Values()
	assert.Positive(t, v.Connections)
	assert.Positive(t, v.Handshakes)
	assert.Less(t, v.Handshakes, int64(len(srv.Requests())), "connections are kept")
}

func TestPage(t *testing.T) {
	t.Parallel()
	counts := new(counters.Counters)
	ctx := counts.TraceItemStart(t.Context(), quarantine.ItemStart{})
	call := ews.CallEnd{CallStart: ews.CallStart{Operation: ews.OpGetItem, Attempt: 1}, Outcome: ews.CallOK, BytesOut: 10, BytesIn: 20, Duration: 1500 * time.Millisecond}
	counts.TraceCallEnd(ctx, call)
	counts.TraceItemEnd(ctx, quarantine.ItemEnd{ItemStart: quarantine.ItemStart{Action: quarantine.ItemRestore}, Outcome: quarantine.Restored})
	w := httptest.NewRecorder()
	counts.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", w.Header().Get("Content-Type"))
	for _, line := range []string{
		"# TYPE ewsquarantine_messages_total counter",
		`ewsquarantine_messages_total{action="restore",outcome="restored"} 1`,
		`ewsquarantine_calls_total{operation="GetItem",outcome="ok"} 1`,
		"ewsquarantine_message_calls_total 1",
		"ewsquarantine_call_seconds_total 1.5",
		`ewsquarantine_call_bytes_total{direction="in"} 20`,
	} {
		assert.Contains(t, w.Body.String(), line+"\n")
	}
	for line := range strings.Lines(w.Body.String()) {
		assert.Regexp(t, `^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]+"(,[a-z]+="[^"]+")*\})? [0-9.]+)\n$`, line)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	counts := new(counters.Counters)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				counts.TraceItemEnd(t.Context(), quarantine.ItemEnd{Outcome: quarantine.Failed})
				counts.TraceCallEnd(counts.TraceCallStart(t.Context(), ews.CallStart{}), ews.CallEnd{})
				_ = counts.Values()
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1000, counts.Values().Messages[""][quarantine.Failed])
}

func Example() {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox(target.Mailbox).Deliver([]byte(message))
	counts := new(counters.Counters)
	s, err := exchange.Open(configured(srv.URL()), &exchange.Options{Hook: counts, CallHook: counts})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if _, err := s.Quarantine(context.Background(), target); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(counts.Values().Messages)
	// Output: map[quarantine:map[quarantined:1]]
}
