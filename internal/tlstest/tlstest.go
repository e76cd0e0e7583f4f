// Package tlstest provides TLS servers for tests, with any host names, and an address
// without a server.
package tlstest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// Silent is a logger for servers whose handshakes are meant to fail.
var Silent = log.New(io.Discard, "", 0)

// Unreachable returns a local address that refuses connections until the end of the test.
// Its port belongs to a connection, so no other test can start listening on it, as could
// happen with the port of a closed listener.
func Unreachable(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// Certificate returns a self-signed certificate for some hosts and 127.0.0.1 valid until
// a given time.
func Certificate(t testing.TB, until time.Time, hosts ...string) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.test"}, NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, leaf
}

// Hosts is a server that plays several hosts.
type Hosts struct {
	*httptest.Server
	Roots []byte // PEM

	hosts []string

	mu  sync.Mutex
	log []string // addresses that were connected to
}

// NewHosts returns a server that has not been started.
func NewHosts(t testing.TB, h http.Handler, hosts ...string) *Hosts {
	t.Helper()
	cert, leaf := Certificate(t, time.Now().Add(60*24*time.Hour), hosts...)
	f := &Hosts{Server: httptest.NewUnstartedServer(h), hosts: hosts, Roots: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})}
	f.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	f.Config.ErrorLog = Silent
	return f
}

// Start starts the server and closes it when the test ends.
func (f *Hosts) Start(t testing.TB) {
	f.StartTLS()
	t.Cleanup(f.Close)
}

// Dial connects to the server for its hosts at port 443. Other addresses fail like
// an unknown host.
func (f *Hosts) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port != "443" || !slices.Contains(f.hosts, host) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	f.mu.Lock()
	f.log = append(f.log, address)
	f.mu.Unlock()
	return new(net.Dialer).DialContext(ctx, network, f.Listener.Addr().String())
}

// Dialled returns the addresses that were connected to, without duplicates.
func (f *Hosts) Dialled() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(f.log)))
}
