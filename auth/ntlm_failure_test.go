package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
)

// stream returns a request whose body can be read only once and has no known
// length.
func (e *exchange) stream(t testing.TB, body io.Reader) (*http.Request, *watchedBody) {
	t.Helper()
	b := &watchedBody{Reader: body}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url(), b)
	require.NoError(t, err)
	return req, b
}

func TestNTLMSendsNoLargeBodyBeforeItIsSignedIn(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 65<<10)
	for name, tc := range map[string]struct {
		body  string
		once  bool // cannot be read again, and has no length
		rides bool
		legs  int64
	}{
		"none":    {"", false, true, 2},
		"small":   {"small", false, true, 2},
		"limit":   {large[:64<<10], false, true, 2},
		"large":   {large, false, false, 3},
		"unknown": {"small", true, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newExchange(t, nil)
			req := post(t, e.url(), tc.body)
			if tc.once {
				req, _ = e.stream(t, strings.NewReader(tc.body))
			}
			rt := e.ntlm(t, svc, nil)
			_, got, err := read(rt.RoundTrip(req))
			require.NoError(t, err)
			assert.True(t, got == svc+" "+tc.body)
			assert.Equal(t, tc.legs, e.Stats().Requests)
			e.mu.Lock()
			defer e.mu.Unlock()
			for i, s := range e.seen {
				first := len(s.message) > 8 && s.message[8] == 1
				last := len(s.message) > 8 && s.message[8] == 3
				switch {
				case first, last && !tc.rides:
					assert.Zero(t, s.length, "request %d", i)
				case last:
					assert.EqualValues(t, len(tc.body), s.length)
				}
			}
		})
	}
}

func TestNTLMServerClosesIdleConnections(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	var ended <-chan struct{}
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { ended = watch(o) })
	for i := range 10 {
		req := post(t, e.url(), "x")
		var body *watchedBody
		if i%2 == 1 { // every other time with a body that can be read only once
			req, body = e.stream(t, strings.NewReader("x"))
		}
		_, got, err := read(rt.RoundTrip(req))
		require.NoError(t, err)
		assert.Equal(t, svc+" x", got)
		if body != nil {
			assert.True(t, body.closed())
		}
		e.http.CloseClientConnections()
		<-ended // the client has noticed
	}
	s := e.Stats()
	assert.EqualValues(t, 10, s.Connections)
	assert.EqualValues(t, 10, s.Handshakes)
}

// An http.Server forgets the sign-in of a connection when the state is dropped,
// as IIS does when its application pool is recycled.
func TestNTLMSignInLost(t *testing.T) {
	t.Parallel()
	var lose atomic.Int64
	setup := func(t *testing.T, o *exchangeOptions) {
		o.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" && lose.Add(-1) >= 0 {
					w.Header().Set("WWW-Authenticate", "NTLM")
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	e := newExchange(t, func(o *exchangeOptions) { setup(t, o) })
	rt := e.ntlm(t, svc, nil)
	_, _, err := e.ask(t, rt, "x")
	require.NoError(t, err)

	lose.Store(1)
	_, got, err := e.ask(t, rt, "again")
	require.NoError(t, err, "signed in again, once")
	assert.Equal(t, svc+" again", got)

	lose.Store(1)
	req, body := e.stream(t, strings.NewReader("x"))
	_, _, err = read(rt.RoundTrip(req))
	assert.True(t, authError(t, err).Unauthorized())
	assert.True(t, authError(t, err).NotExecuted())
	assert.False(t, isNotSent(err))
	assert.True(t, body.closed())
	_, _, err = e.ask(t, rt, "x")
	require.NoError(t, err)

	// A server that requires a sign-in for each request.
	lose.Store(1 << 40)
	before := rt.Stats().Handshakes
	large := strings.Repeat("x", 65<<10)
	_, _, err = e.ask(t, rt, large)
	assert.True(t, authError(t, err).Unauthorized())
	require.ErrorContains(t, err, "sign-in for each request")
	assert.LessOrEqual(t, rt.Stats().Handshakes-before, int64(2))
}

func TestNTLMNothingIsRepeatedOnceSent(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Cut") != "" {
				calls.Add(1)
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					conn.Close()
				}
				return
			}
			answer(w, r)
		}
	})
	rt := e.ntlm(t, svc, nil)
	for name, warm := range map[string]bool{"riding": false, "signed in": true} {
		calls.Store(0)
		if warm {
			_, _, err := e.ask(t, rt, "x")
			require.NoError(t, err)
		}
		req := post(t, e.url(), "write")
		req.Header.Set("X-Cut", "1")
		_, _, err := read(rt.RoundTrip(req))
		require.Error(t, err, name)
		assert.False(t, isNotSent(err), name)
		assert.EqualValues(t, 1, calls.Load(), name)
	}
}

func TestNTLMUnreachable(t *testing.T) {
	t.Parallel()
	addr := tlstest.Unreachable(t)
	rt, err := auth.NTLM("https://"+addr, credential(t, svc), nil)
	require.NoError(t, err)
	body := &watchedBody{Reader: strings.NewReader("x")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+addr+"/", body)
	require.NoError(t, err)
	for range 3 { // none of the attempts counts as a refusal
		_, _, err = read(rt.RoundTrip(req))
		assert.True(t, isNotSent(err), err)
		var op *net.OpError
		require.ErrorAs(t, err, &op)
	}
	assert.EqualValues(t, 3, body.times.Load())
}

func TestNTLMUntrustedCertificate(t *testing.T) {
	t.Parallel()
	e := newExchange(t, nil)
	rt := e.ntlm(t, svc, func(o *auth.NTLMOptions) { o.Transport = transport(t, nil) })
	_, _, err := e.ask(t, rt, "x")
	require.ErrorContains(t, err, "certificate")
	assert.True(t, isNotSent(err))
	assert.Zero(t, e.Stats().Requests)
}

// scripted is a server without real NTLM, which responds as told.
func scripted(t *testing.T, handler http.HandlerFunc) *exchange {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return &exchange{http: srv}
}

func unauthorized(challenges ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, c := range challenges {
			w.Header().Add("WWW-Authenticate", c)
		}
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func TestNTLMHandshakeFails(t *testing.T) {
	t.Parallel()
	challenge := func(msg string) http.HandlerFunc {
		return unauthorized("NTLM " + base64.StdEncoding.EncodeToString([]byte(msg)))
	}
	for name, tc := range map[string]struct {
		handler http.HandlerFunc
		want    string
		refused bool
	}{
		"Basic only":      {unauthorized(`Basic realm="mail"`), "instead of NTLM", true},
		"nothing":         {unauthorized(), "Windows authentication", true},
		"no challenge":    {unauthorized("NTLM", "Negotiate"), "does not continue", true},
		"Kerberos":        {unauthorized("NTLM oYG2"), "Kerberos", true},
		"short challenge": {challenge("NTLMSSP\x00\x02\x00\x00\x00"), "cannot answer", false},
		"NTLM v1": {challenge("NTLMSSP\x00\x02\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x81\x02\x00\x00" +
			strings.Repeat("\x00", 24)), "NTLMSSP_NEGOTIATE_LM_KEY", false},
		"ping-pong": {func(w http.ResponseWriter, r *http.Request) {
			other := map[bool]string{true: "Negotiate", false: "NTLM"}[strings.HasPrefix(r.Header.Get("Authorization"), "NTLM")]
			unauthorized(other)(w, r)
		}, "consistently", false},
		"closes": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			challenge("NTLMSSP\x00\x02\x00\x00\x00"+strings.Repeat("\x00", 36))(w, r)
		}, "keep connections open", false},
		"endless page": {func(w http.ResponseWriter, r *http.Request) {
			challenge("NTLMSSP\x00\x02\x00\x00\x00"+strings.Repeat("\x00", 36))(w, r)
			_, _ = w.Write(make([]byte, 1<<20))
		}, "keep connections open", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scripted(t, tc.handler)
			rt := e.ntlm(t, svc, nil)
			for range 2 { // no credentials were refused, so it may be tried again
				_, _, err := e.ask(t, rt, "x")
				require.ErrorContains(t, err, tc.want)
				assert.NotContains(t, err.Error(), "not tried again")
				assert.True(t, authError(t, err).NotSent())
				assert.Equal(t, tc.refused, authError(t, err).Unauthorized())
			}
			assert.Zero(t, rt.Stats().Open)
		})
	}
}

func TestNTLMOtherAnswersAreTheAnswer(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusFound, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable, http.StatusBadGateway} {
		var requests atomic.Int64
		e := scripted(t, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "page")
		})
		rt := e.ntlm(t, svc, nil)
		resp, err := rt.RoundTrip(post(t, e.url(), "x"))
		status, got, err := read(resp, err)
		require.NoError(t, err)
		assert.Equal(t, code, status)
		assert.Equal(t, "page", got)
		assert.Equal(t, "7", resp.Header.Get("Retry-After"))
		assert.EqualValues(t, 1, requests.Load())
	}
}

func TestNTLMGatewayAnswersTheLastLeg(t *testing.T) {
	t.Parallel()
	var fail atomic.Bool
	fail.Store(true)
	e := newExchange(t, func(o *exchangeOptions) {
		o.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
				msg, _ := base64.StdEncoding.DecodeString(token)
				if len(msg) > 8 && msg[8] == 3 && fail.Swap(false) {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
	})
	rt := e.ntlm(t, svc, nil)
	status, _, err := e.ask(t, rt, "x")
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	status, _, err = e.ask(t, rt, "x")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	assert.EqualValues(t, 2, e.Stats().Connections, "the first was not considered signed in")
}

func TestNTLMServerThatAsksForNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusOK, http.StatusInternalServerError} {
		e := scripted(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if len(body) == 0 {
				w.WriteHeader(code) // a fault, because the request is empty
				return
			}
			assert.Empty(t, r.Header.Get("Authorization"))
			_, _ = w.Write(body)
		})
		rt := e.ntlm(t, svc, nil)
		for range 2 {
			status, got, err := e.ask(t, rt, "hello")
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, "hello", got)
		}
	}
}

// A server may close the connection after a sign-in without a body. The next
// attempt sends the body with the sign-in.
func TestNTLMServerClosesAfterAnEmptySignIn(t *testing.T) {
	t.Parallel()
	e := newExchange(t, func(o *exchangeOptions) {
		o.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength == 0 {
				w.Header().Set("Connection", "close")
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			answer(w, r)
		}
	})
	rt := e.ntlm(t, svc, nil)
	req, _ := e.stream(t, strings.NewReader("streamed"))
	_, got, err := read(rt.RoundTrip(req))
	require.NoError(t, err)
	assert.Equal(t, svc+" streamed", got)
}

func TestNTLMPasswordCannotBeHad(t *testing.T) {
	t.Parallel()
	why := errors.New("vault is sealed")
	cred, err := auth.NewCredentialFunc(svc, func(context.Context) (string, error) { return "", why })
	require.NoError(t, err)
	e := newExchange(t, nil)
	_, _, err = e.ask(t, e.ntlmAs(t, cred, nil), "x")
	require.ErrorIs(t, err, why)
	assert.True(t, authError(t, err).NotSent())
	assert.Zero(t, e.Stats().Refusals)
}
