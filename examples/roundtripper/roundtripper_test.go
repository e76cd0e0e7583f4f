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
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
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

// TestRefusalsAreUnderstood: refusals by the RoundTripper and by the server are told apart, and
// neither is taken for a call that may have been carried out.
func TestRefusalsAreUnderstood(t *testing.T) {
	t.Parallel()
	kdc := newDomain()
	stolen, err := kdc.ticketsFor("svc")(t.Context(), "HTTP/127.0.0.1")
	require.NoError(t, err)
	_, err = kdc.accept(stolen, "HTTP/127.0.0.1")
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		tickets ticketSource
	}{
		"forged":   {newDomain().ticketsFor("svc")},
		"replayed": {func(context.Context, string) ([]byte, error) { return stolen, nil }},
		"of another service": {func(ctx context.Context, _ string) ([]byte, error) {
			return kdc.ticketsFor("svc")(ctx, "HTTP/other.example")
		}},
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
			require.ErrorContains(t, err, "401")
			assert.False(t, ews.NotSent(err))
			assert.True(t, ews.NotExecuted(err))
			assert.Positive(t, requests.Load())
			assert.Empty(t, srv.Requests(), "none came through the door")
		})
	}
}

// TestNoTicket: without a ticket nothing is sent, however often the client tries until it
// gives up.
func TestNoTicket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		errKDC := errors.New("the domain controller is away")
		asked := 0
		q, err := open("https://mail.example.com/EWS/Exchange.asmx", func(context.Context, string) ([]byte, error) {
			asked++
			return nil, errKDC
		})
		require.NoError(t, err)
		defer func() { assert.NoError(t, q.Close()) }()
		_, err = q.Quarantine(t.Context(), target)
		require.ErrorIs(t, err, errKDC)
		assert.True(t, ews.NotSent(err))
		assert.True(t, ews.NotExecuted(err))
		assert.Greater(t, asked, 1)
	})
}

// TestTicketsStayWithTheirServer: a program that wires up the parts itself gets the same
// protection from auth.Confine as from exchange.Open.
func TestTicketsStayWithTheirServer(t *testing.T) {
	t.Parallel()
	const endpoint = "https://mail.example.com/EWS/Exchange.asmx"
	n, err := newNegotiate(endpoint, func(context.Context, string) ([]byte, error) { panic("nothing is asked for") }, nil)
	require.NoError(t, err)
	rt, err := auth.Confine(endpoint, n, nil)
	require.NoError(t, err)
	for _, url := range []string{"https://evil.example/EWS/Exchange.asmx", "http://mail.example.com/EWS/Exchange.asmx"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("x"))
		require.NoError(t, err)
		_, err = rt.RoundTrip(req)
		assert.ErrorContains(t, err, "for https://mail.example.com:443 only")
		assert.True(t, ews.NotSent(err))
	}
	_, err = newNegotiate("https://mail example/", nil, nil)
	assert.Error(t, err)
}
