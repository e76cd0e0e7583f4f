package auth_test

import (
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// A proxy's refusal is reported as the proxy's, with what to do, and without the
// password that it echoes.
func TestProxyRefuses(t *testing.T) {
	t.Parallel()
	basic := base64.StdEncoding.EncodeToString([]byte("u:pr0xyPW"))
	for name, tc := range map[string]struct {
		status  int
		offers  []string
		user    string
		want    string
		refused bool
		lasting bool
	}{
		"no password":    {407, []string{`Basic realm="x"`}, "", "put them into proxyUrl", true, true},
		"wrong password": {407, []string{`Basic realm="x"`, "NTLM"}, "u:pr0xyPW@", "refused the user name and password in proxyUrl", true, true},
		"NTLM":           {407, []string{"Negotiate", "NTLM"}, "u:pr0xyPW@", `offers ["Negotiate" "NTLM"] for signing in, but only Basic`, true, true},
		"forbidden":      {403, nil, "", "does not allow connections", false, true},
		"bad gateway":    {502, nil, "", "cannot reach the server", false, false},
		"redirect":       {302, nil, "", "check useProxy and proxyUrl", false, false},
		"odd":            {200 + 4, nil, "", "HTTP 204", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if !assert.NoError(t, err) {
					return
				}
				var b strings.Builder
				b.WriteString("HTTP/1.1 " + strconv.Itoa(tc.status) + " you said " + r.Header.Get("Proxy-Authorization") + "\r\n")
				for _, o := range tc.offers {
					b.WriteString("Proxy-Authenticate: " + o + "\r\n")
				}
				_, _ = io.WriteString(conn, b.String()+"Content-Length: 0\r\n\r\n")
				_ = conn.Close()
			}))
			t.Cleanup(srv.Close)
			base := transport(t, &auth.TransportOptions{UseProxy: true, ProxyURL: "http://" + tc.user + srv.Listener.Addr().String()})
			rt, err := auth.Basic("https://mail.example.test/EWS/Exchange.asmx", credential(t, "svc"), &auth.BasicOptions{Transport: base})
			require.NoError(t, err)
			nt, err := auth.NTLM("https://mail.example.test/EWS/Exchange.asmx", credential(t, svc), &auth.NTLMOptions{Transport: base})
			require.NoError(t, err)
			for _, rt := range []http.RoundTripper{rt, nt} {
				_, err = rt.RoundTrip(post(t, "https://mail.example.test/EWS/Exchange.asmx", "x"))
				require.ErrorContains(t, err, "the proxy "+srv.Listener.Addr().String()+" did not connect to mail.example.test:443")
				require.ErrorContains(t, err, tc.want)
				e, ok := errors.AsType[*auth.ProxyError](err)
				require.True(t, ok)
				assert.Equal(t, tc.refused, e.Unauthorized())
				assert.Equal(t, tc.lasting, e.Lasting())
				assert.True(t, isNotSent(err))
				assert.NotContains(t, shown(err), "pr0xyPW")
				assert.NotContains(t, shown(err), basic)
			}
		})
	}
}

// The NTLM challenge comes with a page; since the handshake belongs to its connection, the
// page is read.
func TestNTLMChallengeWithALargePage(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]string{100 << 10: "", 900 << 10: "", 2 << 20: "more than 1 MiB"} {
		e := newExchange(t, func(o *exchangeOptions) {
			o.plain = true
			o.wrap = func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					rec := httptest.NewRecorder()
					next.ServeHTTP(rec, r)
					maps.Copy(w.Header(), rec.Header())
					w.WriteHeader(rec.Code)
					_, _ = w.Write(rec.Body.Bytes())
					if rec.Code == http.StatusUnauthorized {
						_, _ = io.WriteString(w, strings.Repeat("<p>401</p>", size/10))
					}
				})
			}
		})
		_, got, err := e.ask(t, e.ntlm(t, svc, nil), "x")
		if want == "" {
			require.NoError(t, err, size)
			assert.Equal(t, svc+" x", got)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

// A Negotiate that does not continue with an NTLM message is Kerberos.
func TestKerberosOnly(t *testing.T) {
	t.Parallel()
	for _, challenge := range []string{"Negotiate", "Negotiate oYG2MIGzoAMKAQE="} {
		e := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}))
		t.Cleanup(e.Close)
		rt, err := auth.NTLM(e.URL+"/EWS/Exchange.asmx", credential(t, svc), nil)
		require.NoError(t, err)
		_, err = rt.RoundTrip(post(t, e.URL+"/EWS/Exchange.asmx", "x"))
		require.ErrorContains(t, err, "it accepts Kerberos only", challenge)
		assert.True(t, authError(t, err).Unauthorized())
	}
}
