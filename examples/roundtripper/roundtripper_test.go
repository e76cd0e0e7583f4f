package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Contains(t, out.String(), "quarantined: alice@example.test -> quarantine@example.test")
	assert.Contains(t, out.String(), "restored: quarantine@example.test -> alice@example.test")
	assert.Regexp(t, `\d\d requests, each with its own ticket`, out.String())
}

var target = quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}

// TestRefusalsAreUnderstood: what the RoundTripper and the server refuse is told
// apart, and neither is taken for a call that may have been carried out.
func TestRefusalsAreUnderstood(t *testing.T) {
	t.Parallel()
	kdc := newDomain()
	stolen, err := kdc.ticketsFor("svc")(t.Context(), "HTTP/127.0.0.1")
	require.NoError(t, err)
	_, err = kdc.accept(stolen, "HTTP/127.0.0.1")
	require.NoError(t, err)
	errKDC := errors.New("the domain controller is away")
	for name, tc := range map[string]struct {
		tickets ticketSource
		unsent  bool
		want    string
	}{
		"no ticket": {func(context.Context, string) ([]byte, error) { return nil, errKDC }, true, "the domain controller is away"},
		"forged":    {newDomain().ticketsFor("svc"), false, "401"},
		"replayed":  {func(context.Context, string) ([]byte, error) { return stolen, nil }, false, "401"},
		"of another service": {func(ctx context.Context, _ string) ([]byte, error) {
			return kdc.ticketsFor("svc")(ctx, "HTTP/other.example")
		}, false, "401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			var requests atomic.Int64
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				(&door{kdc, srv}).ServeHTTP(w, r)
			}))
			t.Cleanup(front.Close)
			q, err := open(front.URL+"/EWS/Exchange.asmx", tc.tickets)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, q.Close()) })
			_, err = q.Quarantine(t.Context(), target)
			require.ErrorContains(t, err, tc.want)
			assert.Equal(t, tc.unsent, ews.NotSent(err))
			assert.True(t, ews.NotExecuted(err))
			assert.Equal(t, tc.unsent, errors.Is(err, errKDC))
			assert.Equal(t, tc.unsent, requests.Load() == 0)
			assert.Empty(t, srv.Requests(), "none came through the door")
		})
	}
}

func TestTicketsStayWithTheirServer(t *testing.T) {
	t.Parallel()
	n, err := newNegotiate("https://mail.example.com/EWS/Exchange.asmx", newDomain().ticketsFor("svc"), nil)
	require.NoError(t, err)
	for _, url := range []string{"https://evil.example/EWS/Exchange.asmx", "http://mail.example.com/EWS/Exchange.asmx"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("x"))
		require.NoError(t, err)
		_, err = n.RoundTrip(req)
		assert.ErrorContains(t, err, "tickets are for mail.example.com")
		assert.True(t, ews.NotSent(err))
	}
	_, err = newNegotiate("https://mail example/", nil, nil)
	assert.Error(t, err)
}
