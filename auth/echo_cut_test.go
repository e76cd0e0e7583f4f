package auth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

// awkward is a password that contains the characters at which headers are split.
const awkward = `s3cr3t, "Passw0rd"; of=many parts`

// withoutHalves fails if an error shows part of a secret.
func withoutHalves(t *testing.T, err error, secret string) {
	t.Helper()
	text := shown(err)
	for i := 0; i+6 <= len(secret); i++ {
		require.NotContains(t, text, secret[i:i+6])
	}
}

// A server echoes the password among the ways to sign in: it is removed before the header
// is split and shortened.
func TestNTLMEchoAmongSchemes(t *testing.T) {
	t.Parallel()
	var echo atomic.Bool
	e := newExchange(t, func(o *exchangeOptions) {
		o.plain = true
		o.Password = func(string, string) (string, bool) { return awkward, true }
		o.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Connection", "close")
				if !echo.Load() {
					w.Header().Del("Connection")
					next.ServeHTTP(w, r)
					return
				}
				w.Header().Add("WWW-Authenticate", strings.Repeat("x", 190)+awkward)
				w.Header().Add("WWW-Authenticate", awkward)
				w.Header().Add("WWW-Authenticate", "Basic"+strings.Repeat(", Digest", 20_000))
				w.WriteHeader(http.StatusUnauthorized)
			})
		}
	})
	cred, err := auth.NewCredential(svc, awkward)
	require.NoError(t, err)
	rt := e.ntlmAs(t, cred, nil)
	_, _, err = e.ask(t, rt, "x")
	require.NoError(t, err)
	rt.CloseIdleConnections()
	echo.Store(true)
	_, _, err = e.ask(t, rt, "x")
	require.ErrorContains(t, err, "instead of NTLM")
	withoutHalves(t, err, awkward)
	assert.Less(t, len(err.Error()), 2000)
}

// The same for a proxy.
func TestProxyEchoAmongSchemes(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Proxy-Authenticate", awkward)
		w.Header().Add("Proxy-Authenticate", "NTLM")
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(srv.Close)
	base := transport(t, &auth.TransportOptions{UseProxy: true, ProxyURL: "http://u:s3cr3t%2C%20%22Passw0rd%22%3B%20of=many%20parts@" + srv.Listener.Addr().String()})
	rt, err := auth.Basic("https://mail.example.test/EWS/Exchange.asmx", credential(t, "svc"), &auth.BasicOptions{Transport: base})
	require.NoError(t, err)
	_, err = rt.RoundTrip(post(t, "https://mail.example.test/EWS/Exchange.asmx", "x"))
	require.ErrorContains(t, err, `"NTLM"`)
	withoutHalves(t, err, awkward)
}

// A proxy whose password is the name of a scheme is still understood.
func TestKnownSchemesAreNotStruck(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Proxy-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(srv.Close)
	base := transport(t, &auth.TransportOptions{UseProxy: true, ProxyURL: "http://u:basic@" + srv.Listener.Addr().String()})
	nt, err := auth.NTLM("https://mail.example.test/EWS/Exchange.asmx", credential(t, svc), &auth.NTLMOptions{Transport: base})
	require.NoError(t, err)
	_, err = nt.RoundTrip(post(t, "https://mail.example.test/EWS/Exchange.asmx", "x"))
	require.ErrorContains(t, err, "It refused the user name and password in proxyUrl")
}

// An authority's response cannot be parsed: it may contain a token, which has not been sent
// to anyone yet.
func TestAzureADBrokenTokenAnswer(t *testing.T) {
	t.Parallel()
	const fresh = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlLmNvbSJ9.c2lnbmF0dXJl"
	var now func(http.ResponseWriter)
	o := newOnline(t, func(opts *azuread.Options) {
		opts.BeforeToken = func(w http.ResponseWriter, _ *http.Request) bool { now(w); return true }
	})
	for name, answer := range map[string]string{
		"type":     `{"access_token":"` + fresh + `","expires_in":["x"],"token_type":"Bearer"}`,
		"token":    `{"expires_in":3600,"token_type":"Bearer","access_token":["` + fresh + `"]}`,
		"cut":      `{"expires_in":3600,"token_type":"Bearer","access_token":"` + fresh,
		"behind":   `{"expires_in":3600,"token_type":"Bearer","access_token":"` + fresh + `"}<html>`,
		"expiry":   `{"token_type":"Bearer","access_token":"` + fresh + `","expires_in":"` + fresh + `"}`,
		"expiry 2": `{"token_type":"Bearer","access_token":"` + fresh + `","expires_on":"` + fresh + `"}`,
		"no":       fresh,
		"no token": `{"token_type":"Bearer","token":"` + fresh + `","expires_in":3600}`,
		"error":    `{"access_token":"` + fresh + `","error":"x","error_description":"` + fresh + `"}`,
		"scope":    `{"access_token":"` + fresh + `","expires_in":3600,"scope":{"x":"` + fresh + `"}}`,
		"id token": `{"access_token":"` + fresh + `","expires_in":3600,"id_token":"` + fresh + `.x","client_info":"` + fresh + `"}`,
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
			now = func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, answer)
			}
			_, _, err := o.ask(t, o.client(t, nil), "x")
			require.Error(t, err)
			for part := range strings.SplitSeq(fresh, ".") {
				assert.NotContains(t, shown(err), part, "%s %d", name, status)
			}
		}
	}
}
