package quarantine_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// manyHosts is a server with TLS that stands for several hosts.
type manyHosts struct {
	*httptest.Server
	roots []byte // PEM
	hosts []string

	mu  sync.Mutex
	log []string // addresses that were connected to
}

// newManyHosts returns one that is to be started.
func newManyHosts(t *testing.T, h http.Handler, hosts ...string) *manyHosts {
	t.Helper()
	cert, leaf := serverCertificate(t, time.Now().Add(60*24*time.Hour), hosts...)
	f := &manyHosts{Server: httptest.NewUnstartedServer(h), hosts: hosts, roots: pemOf(leaf)}
	f.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	f.Config.ErrorLog = silent
	return f
}

func (f *manyHosts) start(t *testing.T) {
	f.StartTLS()
	t.Cleanup(f.Close)
}

// dial connects to the server for its hosts, and for no other.
func (f *manyHosts) dial(ctx context.Context, network, address string) (net.Conn, error) {
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

// dialled returns the addresses that were connected to, each once.
func (f *manyHosts) dialled() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(f.log)))
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
