package auth_test

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

func transport(t testing.TB, opts *auth.TransportOptions) *http.Transport {
	t.Helper()
	tr, err := auth.NewTransport(opts)
	require.NoError(t, err)
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func get(t testing.TB, rt http.RoundTripper, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.Proto + " " + string(body), nil
}

func tlsServer(t testing.TB) (srv *httptest.Server, roots []byte) {
	t.Helper()
	srv = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = quiet
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
}

func TestTransportTrust(t *testing.T) {
	t.Parallel()
	srv, roots := tlsServer(t)
	file := filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(file, append([]byte("# comment\n"), roots...), 0o600))

	_, err := get(t, transport(t, nil), srv.URL)
	require.ErrorContains(t, err, "certificate")
	for name, opts := range map[string]auth.TransportOptions{
		"PEM":  {RootCAs: roots},
		"file": {RootCAFile: file},
		"any":  {InsecureTrustAnyServer: true},
	} {
		got, err := get(t, transport(t, &opts), srv.URL)
		require.NoError(t, err, name)
		assert.Equal(t, "HTTP/2.0 hello", got)
	}
	got, err := get(t, transport(t, &auth.TransportOptions{RootCAs: roots, HTTP1Only: true}), srv.URL)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 hello", got)

	_, err = get(t, transport(t, nil), srv.URL)
	require.ErrorContains(t, err, "certificate", "the switch of one transport does not reach another")
}

func TestTransportWantsTLS12(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	srv.Config.ErrorLog = quiet
	srv.StartTLS()
	t.Cleanup(srv.Close)
	_, err := get(t, transport(t, &auth.TransportOptions{InsecureTrustAnyServer: true}), srv.URL)
	require.ErrorContains(t, err, "protocol version")
}

func TestTransportRefusesRoots(t *testing.T) {
	t.Parallel()
	srv, _ := tlsServer(t)
	dir := t.TempDir()
	der := filepath.Join(dir, "der.cer")
	require.NoError(t, os.WriteFile(der, srv.Certificate().Raw, 0o600))
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no PEM certificate")})
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte(password)})
	for name, tc := range map[string]struct {
		opts auth.TransportOptions
		want string
	}{
		"missing":  {auth.TransportOptions{RootCAFile: filepath.Join(dir, "none.pem")}, "rootCAFile"},
		"DER":      {auth.TransportOptions{RootCAFile: der}, "openssl x509"},
		"broken":   {auth.TransportOptions{RootCAs: broken}, "RootCAs: certificate 1 of 1, from line 1, cannot be read"},
		"key only": {auth.TransportOptions{RootCAs: key}, "no PEM certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.NewTransport(&tc.opts)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), password)
		})
	}
}

func TestTransportProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://env.example.test:8080")
	t.Setenv("NO_PROXY", "internal.example.test")
	ask := func(opts *auth.TransportOptions, host string) *url.URL {
		tr := transport(t, opts)
		if tr.Proxy == nil {
			return nil
		}
		u, err := tr.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
		require.NoError(t, err)
		return u
	}
	assert.Nil(t, ask(nil, "mail.example.test"), "bypassed unless asked for")
	assert.Nil(t, ask(&auth.TransportOptions{ProxyURL: "http://p.example.test"}, "mail.example.test"))
	assert.Equal(t, "http://env.example.test:8080", ask(&auth.TransportOptions{UseProxy: true}, "mail.example.test").String())
	assert.Nil(t, ask(&auth.TransportOptions{UseProxy: true}, "internal.example.test"))
	assert.Equal(t, "socks5://p.example.test:1080",
		ask(&auth.TransportOptions{UseProxy: true, ProxyURL: "socks5://p.example.test:1080"}, "internal.example.test").String())

	for _, raw := range []string{"p.example.test:3128", "ftp://p.example.test", "http://", "http://u:" + password + "@p.example.test:x"} {
		_, err := auth.NewTransport(&auth.TransportOptions{UseProxy: true, ProxyURL: raw})
		require.ErrorContains(t, err, "proxyUrl", raw)
		assert.NotContains(t, err.Error(), password)
	}
}

func TestTransportGoesThroughAProxy(t *testing.T) {
	t.Parallel()
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		_, _ = io.WriteString(w, "from the proxy")
	}))
	t.Cleanup(proxy.Close)
	got, err := get(t, transport(t, &auth.TransportOptions{UseProxy: true, ProxyURL: proxy.URL}), "http://mail.example.test/EWS")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 from the proxy", got)
	assert.Equal(t, "http://mail.example.test/EWS", asked)
}

func TestTransportSettings(t *testing.T) {
	t.Parallel()
	tr := transport(t, nil)
	assert.Greater(t, tr.ResponseHeaderTimeout, 100*time.Second)
	assert.Less(t, tr.IdleConnTimeout, 120*time.Second)
	assert.Positive(t, tr.TLSHandshakeTimeout)
	assert.NotSame(t, http.DefaultTransport, tr)

	tr = transport(t, &auth.TransportOptions{
		TLSHandshakeTimeout: 1, ResponseHeaderTimeout: 2, IdleTimeout: 3, MaxIdle: 4,
	})
	assert.Equal(t, []time.Duration{1, 2, 3}, []time.Duration{tr.TLSHandshakeTimeout, tr.ResponseHeaderTimeout, tr.IdleConnTimeout})
	assert.Equal(t, 4, tr.MaxIdleConnsPerHost)

	for want, opts := range map[string]auth.TransportOptions{
		"DialTimeout":           {DialTimeout: -1},
		"TLSHandshakeTimeout":   {TLSHandshakeTimeout: -1},
		"ResponseHeaderTimeout": {ResponseHeaderTimeout: -1},
		"IdleTimeout":           {IdleTimeout: -1},
		"MaxIdle":               {MaxIdle: -1},
	} {
		_, err := auth.NewTransport(&opts)
		require.ErrorContains(t, err, want)
	}
}

func TestTransportGivesUpOnASilentServer(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(srv.Close)
	defer close(done)
	_, err := get(t, transport(t, &auth.TransportOptions{ResponseHeaderTimeout: time.Millisecond}), srv.URL)
	require.ErrorContains(t, err, "timeout")
}
