package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/ntlmserver"
)

const (
	svc = `EXAMPLE\svc`
	upn = "bob@example.test"
)

// exchange is a server that requires NTLM and responds with "user body".
type exchange struct {
	*ntlmserver.Server
	http  *httptest.Server
	roots *x509.CertPool

	mu       sync.Mutex
	seen     []seen
	refusals []string
}

// seen is a request received, authenticated or not.
type seen struct {
	authorization string
	length        int64
	message       []byte // NTLM message, if there was one
}

type exchangeOptions struct {
	ntlmserver.Options
	plain   bool
	key     crypto.Signer // default: a fresh ECDSA P-256 key
	algo    x509.SignatureAlgorithm
	handler http.HandlerFunc
	wrap    func(http.Handler) http.Handler // outermost
}

func newExchange(t testing.TB, change func(*exchangeOptions)) *exchange {
	t.Helper()
	e := new(exchange)
	o := exchangeOptions{handler: answer}
	o.OnRefusal = func(_ ntlmserver.User, err error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.refusals = append(e.refusals, err.Error())
	}
	o.Password = func(domain, user string) (string, bool) {
		return password, domain == "EXAMPLE" && user == "svc" || domain == "" && user == upn
	}
	if change != nil {
		change(&o)
	}
	if !o.plain && o.key == nil {
		o.key = ecdsaKey(t, elliptic.P256())
	}
	var cert tls.Certificate
	if !o.plain {
		cert = certificate(t, o.key, o.algo)
		e.roots = x509.NewCertPool()
		e.roots.AddCert(cert.Leaf)
		if o.Certificate == nil {
			o.Certificate = cert.Leaf
		}
	}
	var err error
	e.Server, err = ntlmserver.New(o.Options)
	require.NoError(t, err)
	handler := e.note(e.Wrap(o.handler))
	if o.wrap != nil {
		handler = o.wrap(handler)
	}
	e.http = httptest.NewUnstartedServer(handler)
	e.http.Config.ConnContext = e.ConnContext
	e.http.Config.ErrorLog = quiet
	if o.plain {
		e.http.Start()
	} else {
		e.http.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		e.http.EnableHTTP2 = true // the client must not use it
		e.http.StartTLS()
	}
	t.Cleanup(e.http.Close)
	return e
}

func (e *exchange) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := seen{authorization: r.Header.Get("Authorization"), length: r.ContentLength}
		if _, token, ok := strings.Cut(s.authorization, " "); ok {
			s.message, _ = base64.StdEncoding.DecodeString(token)
		}
		e.mu.Lock()
		e.seen = append(e.seen, s)
		e.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

func (e *exchange) url() string { return e.http.URL + "/EWS/Exchange.asmx" }

// ntlm returns a client for the server.
func (e *exchange) ntlm(t testing.TB, user string, change func(*auth.NTLMOptions)) *auth.NTLMTransport {
	t.Helper()
	return e.ntlmAs(t, credential(t, user), change)
}

func (e *exchange) ntlmAs(t testing.TB, cred auth.Credential, change func(*auth.NTLMOptions)) *auth.NTLMTransport {
	t.Helper()
	base := transport(t, nil)
	base.TLSClientConfig.RootCAs = e.roots
	o := auth.NTLMOptions{Transport: base}
	if change != nil {
		change(&o)
	}
	rt, err := auth.NTLM(e.url(), cred, &o)
	require.NoError(t, err)
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// watch makes the client report the end of each of its connections.
func watch(o *auth.NTLMOptions) (ended <-chan struct{}) {
	c := make(chan struct{}, 1000)
	dial := o.Transport.DialContext
	o.Transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &watchedConn{Conn: conn, ended: sync.OnceFunc(func() { c <- struct{}{} })}, err
	}
	return c
}

type watchedConn struct {
	net.Conn
	ended func()
}

func (c *watchedConn) Close() error { c.ended(); return c.Conn.Close() }

// answer writes who is asking, and for what.
func answer(w http.ResponseWriter, r *http.Request) {
	user, _ := ntlmserver.UserFrom(r.Context())
	body, _ := io.ReadAll(r.Body) // before responding, which would cut it off
	_, _ = io.WriteString(w, user.String()+" "+string(body))
}

// ask posts body and returns the response's status and text.
func (e *exchange) ask(t testing.TB, rt http.RoundTripper, body string) (int, string, error) {
	t.Helper()
	return read(rt.RoundTrip(post(t, e.url(), body)))
}

func read(resp *http.Response, err error) (int, string, error) {
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}

func authError(t testing.TB, err error) *auth.AuthError {
	t.Helper()
	e, ok := errors.AsType[*auth.AuthError](err)
	require.True(t, ok, "%T %v", err, err)
	require.NotContains(t, err.Error(), password)
	return e
}

func isNotSent(err error) bool {
	e, ok := errors.AsType[interface {
		error
		NotSent() bool
	}](err)
	return ok && e.NotSent()
}

func ecdsaKey(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// certificate makes a self-signed certificate for 127.0.0.1.
func certificate(t testing.TB, key crypto.Signer, algo x509.SignatureAlgorithm) tls.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:       serial,
		Subject:            pkix.Name{CommonName: "mail.example.test"},
		IPAddresses:        []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:          time.Now().Add(-time.Hour),
		NotAfter:           time.Now().Add(time.Hour),
		SignatureAlgorithm: algo,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
