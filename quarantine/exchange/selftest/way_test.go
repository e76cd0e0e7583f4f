package selftest_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// TestCheckOfTheWay breaks something between this machine and EWS, or replaces
// the server.
func TestCheckOfTheWay(t *testing.T) {
	t.Parallel()
	// serve replaces Exchange with another server.
	serve := func(h http.HandlerFunc) func(*testing.T, *checkScene) {
		return func(t *testing.T, s *checkScene) {
			other := httptest.NewUnstartedServer(h)
			other.Config.ErrorLog = tlstest.Silent
			other.StartTLS()
			t.Cleanup(other.Close)
			s.cfg.EWSURL, s.cfg.RootCAFile = other.URL+"/EWS/Exchange.asmx", writeRoots(t, other.Certificate())
		}
	}
	behind := func(d time.Duration) func(*testing.T, *checkScene) {
		return func(_ *testing.T, s *checkScene) { s.opts.Now = func() time.Time { return time.Now().Add(-d) } }
	}
	for name, c := range map[string]struct {
		take   func(*testing.T, *checkScene)
		failed []string
		warned []string
		seen   string
		remedy string
	}{
		"proxy that asks for a password": {
			take: func(t *testing.T, s *checkScene) {
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Proxy-Authenticate", "Basic")
					w.WriteHeader(http.StatusProxyAuthRequired)
				}))
				t.Cleanup(proxy.Close)
				s.cfg.UseProxy, s.cfg.ProxyURL = true, exchange.NewProxyURL("http://user:proxy-secret@"+proxy.Listener.Addr().String())
			},
			failed: []string{"tcp"}, seen: "Proxy Authentication Required", remedy: "check proxyUrl (http://127.0.0.1:",
		},
		"proxy that echoes its password": {
			take: func(t *testing.T, s *checkScene) {
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					conn, _, err := http.NewResponseController(w).Hijack()
					if assert.NoError(t, err) {
						_, _ = conn.Write([]byte("HTTP/1.1 proxy-secret\r\n\r\n"))
						_ = conn.Close()
					}
				}))
				t.Cleanup(proxy.Close)
				s.cfg.UseProxy, s.cfg.ProxyURL = true, exchange.NewProxyURL("http://user:proxy-secret@"+proxy.Listener.Addr().String())
			},
			failed: []string{"tcp"}, seen: "[redacted]", remedy: "check proxyUrl (http://127.0.0.1:",
		},
		"website": {
			take: serve(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("<html><title>Welcome</title></html>"))
			}),
			failed: []string{"endpoint"}, seen: "Welcome", remedy: "check ewsUrl",
		},
		"sign-in page": {
			take: serve(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://sso.example.test/login", http.StatusFound)
			}),
			failed: []string{"endpoint"}, seen: "sso.example.test", remedy: "check ewsUrl",
		},
		"stopped application pool": {
			take: func(_ *testing.T, s *checkScene) {
				s.instantly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
			},
			failed: []string{"throttling"}, seen: "asked to slow down", remedy: "run the self-test again",
		},
		"server without TLS": {
			take: func(t *testing.T, s *checkScene) {
				plain := httptest.NewServer(s)
				t.Cleanup(plain.Close)
				s.cfg.EWSURL = "https://" + plain.Listener.Addr().String() + "/EWS/Exchange.asmx"
			},
			failed: []string{"tls"}, seen: "does not look like a TLS handshake", remedy: "TLS 1.2",
		},
		"plain HTTP": {
			take: func(t *testing.T, s *checkScene) {
				plain := httptest.NewServer(s)
				t.Cleanup(plain.Close)
				_, port, err := net.SplitHostPort(plain.Listener.Addr().String())
				require.NoError(t, err)
				s.opts.Resolver = (&nameServer{t: t, hosts: []string{mailHost}}).resolver()
				s.cfg.EWSURL, s.cfg.AllowPlainHTTP = "http://"+mailHost+":"+port+"/EWS/Exchange.asmx", true
			},
			warned: []string{"tls"}, seen: "read the password", remedy: "use https in ewsUrl",
		},
		"clock, two minutes":    {take: behind(2 * time.Minute), warned: []string{"clock"}, seen: "behind the server's", remedy: "w32tm"},
		"clock, an hour ahead":  {take: behind(-time.Hour), failed: []string{"clock"}, seen: "ahead of the server's", remedy: "w32tm"},
		"clock, thirty seconds": {take: behind(30 * time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.FullAccess)
			c.take(t, s)
			report := s.check(t)
			assert.Equal(t, c.failed, names(report, selftest.Failed), report)
			assert.Equal(t, c.warned, names(report, selftest.Warning), report)
			onlyDependents(t, report)
			for _, r := range append(report.With(selftest.Failed), report.With(selftest.Warning)...) {
				assert.Contains(t, r.Seen, c.seen)
				assert.Contains(t, r.Remedy+"\n"+strings.Join(r.Commands, "\n"), c.remedy)
			}
			for _, secret := range []string{"svc-password", "proxy-secret"} {
				assert.NotContains(t, report.String(), secret)
			}
		})
	}
}
