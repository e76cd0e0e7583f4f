package auth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

const (
	tenantID      = "11111111-2222-3333-4444-555555555555"
	applicationID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
)

// online is an authority, an Exchange that accepts its tokens, and a certificate.
type online struct {
	*azuread.Authority
	cert      *auth.Certificate
	authority *httptest.Server
	exchange  *httptest.Server
	transport *http.Transport // trusts both servers, and reaches them under Microsoft's host names

	calls    atomic.Int64
	refusals atomic.Int64
	answer   atomic.Value // of http.HandlerFunc, which replaces the usual response
}

var sharedCertificate = sync.OnceValues(func() (*auth.Certificate, error) { return auth.NewCertificate(nil) })

func newOnline(t testing.TB, change func(*azuread.Options)) *online {
	t.Helper()
	o := new(online)
	var err error
	o.cert, err = sharedCertificate()
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(o.cert.CER())
	require.NoError(t, err)
	key, err := rsaKey()
	require.NoError(t, err)
	opts := azuread.Options{
		TenantID: tenantID, TenantNames: []string{"customer.onmicrosoft.com"}, Key: key,
		Apps: []azuread.App{{ID: applicationID, Certificates: []*x509.Certificate{leaf}}},
	}
	if change != nil {
		change(&opts)
	}
	o.Authority, err = azuread.New(opts)
	require.NoError(t, err)
	o.authority = quietServer(t, o)
	o.exchange = quietServer(t, http.HandlerFunc(o.serve))
	o.transport = transport(t, nil)
	o.transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // other host names lead here, too
	o.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(addr)
		switch {
		case host == "127.0.0.1":
		case strings.HasPrefix(host, "login."):
			addr = o.authority.Listener.Addr().String()
		default:
			addr = o.exchange.Listener.Addr().String()
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	return o
}

func quietServer(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = quiet
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// serve responds with "application body", or with 401 as Exchange Online does.
func (o *online) serve(w http.ResponseWriter, r *http.Request) {
	o.calls.Add(1)
	if special, ok := o.answer.Load().(http.HandlerFunc); ok && special != nil {
		special(w, r)
		return
	}
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	token, err := o.Verify(text, "https://"+r.Host)
	if err != nil || !ok {
		o.refusals.Add(1)
		refuseToken(w, err)
		return
	}
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s", token.ApplicationID, body)
}

const claims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`

func refuseToken(w http.ResponseWriter, err error) {
	challenge := `Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*", authorization_uri="https://login.windows.net/common/oauth2/authorize", `
	refusal, _ := err.(*azuread.Refusal)
	if refusal == azuread.ErrClaimsNeeded {
		challenge += `error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`
	} else {
		challenge += `error="invalid_token"`
	}
	if refusal != nil && refusal.Diagnostics() != "" {
		w.Header().Set("x-ms-diagnostics", refusal.Diagnostics())
	}
	w.Header().Set("WWW-Authenticate", challenge)
	w.WriteHeader(http.StatusUnauthorized)
}

func (o *online) url() string { return o.exchange.URL + "/EWS/Exchange.asmx" }

func (o *online) options() auth.AzureADOptions {
	return auth.AzureADOptions{
		ApplicationID: applicationID, TenantID: "customer.onmicrosoft.com", Certificate: o.cert,
		AuthenticationEndpoint: o.authority.URL, Transport: o.transport,
	}
}

func (o *online) client(t testing.TB, change func(*auth.AzureADOptions)) *auth.AzureADTransport {
	t.Helper()
	opts := o.options()
	if change != nil {
		change(&opts)
	}
	rt, err := auth.AzureAD(o.url(), &opts)
	require.NoError(t, err)
	return rt
}

func (o *online) ask(t testing.TB, rt http.RoundTripper, body string) (int, string, error) {
	t.Helper()
	return read(rt.RoundTrip(post(t, o.url(), body)))
}

func TestAzureADSignsIn(t *testing.T) {
	t.Parallel()
	for _, tenant := range []string{tenantID, "customer.onmicrosoft.com"} {
		o := newOnline(t, nil)
		rt := o.client(t, func(opts *auth.AzureADOptions) { opts.TenantID = tenant })
		for range 3 {
			req := post(t, o.url(), "<x/>")
			resp, err := rt.RoundTrip(req)
			status, got, err := read(resp, err)
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, applicationID+" <x/>", got)
			assert.Same(t, req, resp.Request, "the response does not carry the token around")
			assert.Empty(t, req.Header)
		}
		assert.Equal(t, azuread.Stats{Tokens: 1, Discoveries: 1}, o.Stats())
		assert.Equal(t, o.cert, rt.Certificate())
		rt.CloseIdleConnections()
	}
}

func TestAzureADThousandGoroutinesOneTokenRequest(t *testing.T) {
	t.Parallel()
	var started sync.WaitGroup
	started.Add(1000)
	o := newOnline(t, func(opts *azuread.Options) {
		opts.BeforeToken = func(http.ResponseWriter, *http.Request) bool {
			started.Wait() // by then all of them want one
			return false
		}
	})
	fake := &fakeTransport{}
	rt := o.client(t, func(opts *auth.AzureADOptions) { opts.Transport, opts.TokenTransport = fake, o.transport })
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			started.Done()
			_, _, err := o.ask(t, rt, "x")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, o.Stats().Tokens)
	assert.Equal(t, 1000, fake.count())
	assert.Contains(t, fake.last().Header.Get("Authorization"), "Bearer eyJ")
}

func TestAzureADReplacesARevokedToken(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	_, _, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	o.Revoke()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, got, err := o.ask(t, rt, "again")
			assert.NoError(t, err)
			assert.Equal(t, applicationID+" again", got)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 2, o.Stats().Tokens)
}

func TestAzureADReplacesAnExpiredToken(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	o := newOnline(t, func(opts *azuread.Options) {
		opts.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	rt := o.client(t, nil)
	_, _, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	ahead.Store(int64(2 * time.Hour)) // the server's clock is ahead of ours
	_, _, err = o.ask(t, rt, "x")
	if err != nil { // the assertion is outside its validity period, too
		require.ErrorContains(t, err, "clock")
		assert.True(t, authError(t, err).NotSent())
	}
	assert.EqualValues(t, 2, o.Stats().Tokens)
}

func TestAzureADAnswersClaimsChallenges(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	_, _, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	o.RequireClaims(claims)
	for range 3 {
		_, got, err := o.ask(t, rt, "x")
		require.NoError(t, err)
		assert.Equal(t, applicationID+" x", got)
	}
	assert.EqualValues(t, 2, o.Stats().Tokens)
	assert.EqualValues(t, 1, o.refusals.Load())
}

func TestAzureADOneReplacementOnly(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	o.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuseToken(w, azuread.ErrTokenExpired) }))
	for range 5 {
		_, _, err := o.ask(t, rt, "x")
		e := authError(t, err)
		assert.True(t, e.Unauthorized())
		assert.False(t, e.NotSent())
		require.ErrorContains(t, err, "2000002")
		require.ErrorContains(t, err, "A new token did not help")
	}
	assert.EqualValues(t, 2, o.Stats().Tokens, "the authority is not asked for each request")
	assert.EqualValues(t, 6, o.calls.Load())
}

func TestAzureADRefusalsThatNoTokenCures(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"resource":   {func(w http.ResponseWriter, _ *http.Request) { refuseToken(w, azuread.ErrInvalidResource) }, "check ewsUrl"},
		"grant":      {func(w http.ResponseWriter, _ *http.Request) { refuseToken(w, azuread.ErrInvalidGrant) }, "full_access_as_app"},
		"plain":      {unauthorized(`Basic realm="x"`), "admin consent"},
		"nothing":    {unauthorized(), "impersonate"},
		"bad claims": {unauthorized(`Bearer error="insufficient_claims", claims="!!"`), "insufficient_claims"},
		"claims are no object": {unauthorized(`Bearer error="insufficient_claims", claims="` +
			base64.StdEncoding.EncodeToString([]byte(`"x"`)) + `"`), "insufficient_claims"},
		"huge claims": {unauthorized(`Bearer error="insufficient_claims", claims="` + strings.Repeat("A", 9000) + `"`), "insufficient_claims"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOnline(t, nil)
			rt := o.client(t, nil)
			o.answer.Store(tc.answer)
			_, _, err := o.ask(t, rt, "x")
			assert.True(t, authError(t, err).Unauthorized())
			require.ErrorContains(t, err, tc.want)
			assert.EqualValues(t, 1, o.Stats().Tokens)
			assert.EqualValues(t, 1, o.calls.Load())
		})
	}
}

func TestAzureADBodyThatCannotBeReadAgain(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	_, _, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	o.Revoke()
	body := &watchedBody{Reader: io.LimitReader(zeroes{}, 1<<20)}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.url(), body)
	require.NoError(t, err)
	_, _, err = read(rt.RoundTrip(req))
	require.Error(t, err)
	assert.True(t, body.closed())
	_, _, err = o.ask(t, rt, "x")
	require.NoError(t, err)
}

func TestAzureADBlocked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		detail string
	}{
		"page": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<html><style>x{}</style><title>403</title><p>EWS is\n disabled</p></html>")
		}, "403 EWS is disabled"},
		"header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-ms-diagnostics", `2000006;reason="blocked"`)
			w.WriteHeader(http.StatusForbidden)
		}, `2000006;reason="blocked"`},
		"long": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(bytes.Repeat([]byte("\xff☂"), 1<<20))
		}, strings.Repeat("☂", 100) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOnline(t, nil)
			rt := o.client(t, nil)
			o.answer.Store(tc.answer)
			_, _, err := o.ask(t, rt, "x")
			var blocked *auth.EWSBlockedError
			require.ErrorAs(t, err, &blocked)
			assert.Equal(t, applicationID, blocked.ApplicationID)
			assert.Equal(t, tc.detail, blocked.Detail)
			assert.True(t, blocked.Unauthorized())
			assert.True(t, blocked.NotExecuted())
			for _, want := range []string{"Set-OrganizationConfig", "-EwsAllowedAppIDs", applicationID, "2027-04-01"} {
				require.ErrorContains(t, err, want)
			}
			assert.EqualValues(t, 1, o.calls.Load())
		})
	}
}

func TestAzureADOtherAnswersPass(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, nil)
	o.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	status, _, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, status)
}
