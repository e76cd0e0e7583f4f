package graphtest

import (
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
	"strings"
	"sync"
	"time"
)

// sockets are the listeners of both hosts, opened on demand.
type sockets struct {
	mu       sync.Mutex
	servers  []*http.Server
	addrs    []string // of the Graph host and the import host
	clients  []*http.Transport
	caPEM    []byte
	pool     *x509.CertPool
	shutDown bool
}

// URL returns the address of the Graph host, without a version. The first call opens
// the sockets. Inside a testing/synctest bubble it opens none and returns
// [Server.DirectURL].
func (s *Server) URL() string {
	if time.Now().Year() < 2010 { // the clock of a bubble starts in 2000
		return s.DirectURL()
	}
	s.listen()
	return s.scheme() + s.socket.addrs[0]
}

// AuthorityURL returns the address of the token endpoint, to be used as the
// authentication endpoint of clients; it is empty without Options.Applications. Clients
// require HTTPS, so it needs Options.TLS.
func (s *Server) AuthorityURL() string {
	if s.authority == nil {
		return ""
	}
	return s.URL()
}

func (s *Server) scheme() string {
	if s.opts.TLS {
		return "https://"
	}
	return "http://"
}

// CAPEM returns the certificate to trust, in PEM; nil without TLS.
func (s *Server) CAPEM() []byte {
	if !s.opts.TLS {
		return nil
	}
	s.listen()
	return append([]byte(nil), s.socket.caPEM...)
}

// Transport returns a RoundTripper that reaches both hosts over their sockets. Each call
// returns a new one, with its own connections.
func (s *Server) Transport() http.RoundTripper {
	s.listen()
	t := &http.Transport{Proxy: nil}
	if s.opts.TLS {
		t.TLSClientConfig = &tls.Config{RootCAs: s.socket.pool, MinVersion: tls.VersionTLS12}
	}
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	s.socket.clients = append(s.socket.clients, t)
	return t
}

// Close stops the server and closes its connections. It also closes an Exchange server
// that [New] made. The state can still be inspected.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	s.socket.shutDown = true
	for _, t := range s.socket.clients {
		t.CloseIdleConnections()
	}
	for _, server := range s.socket.servers {
		_ = server.Close()
	}
	if s.owned {
		s.exchange.Close()
	}
}

// listen opens the sockets unless they are open already.
func (s *Server) listen() {
	k := &s.socket
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shutDown {
		panic("graphtest: the server is closed")
	}
	if len(k.servers) > 0 {
		return
	}
	own := s.opts.Listener
	if own == nil {
		own = freePort("127.0.0.1")
	}
	host, _, _ := net.SplitHostPort(own.Addr().String())
	var config *tls.Config
	if s.opts.TLS {
		config = k.certified(net.ParseIP(host))
	}
	k.serve(own, config, s.graphDoor)
	k.serve(freePort(host), config, s.importDoor)
}

func freePort(host string) net.Listener {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		panic("graphtest: cannot listen: " + err.Error())
	}
	return l
}

// serve answers requests on a listener.
func (k *sockets) serve(l net.Listener, config *tls.Config, h http.HandlerFunc) {
	k.addrs = append(k.addrs, l.Addr().String())
	if config != nil {
		l = tls.NewListener(l, config)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	k.servers = append(k.servers, server)
	go func() { _ = server.Serve(l) }()
}

// graphDoor serves the Graph host, and the token endpoint next to it.
func (s *Server) graphDoor(w http.ResponseWriter, r *http.Request) {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); {
	case first != "v1.0" && first != "beta" && s.authority != nil:
		s.authority.ServeHTTP(w, r)
	case isImport(r):
		http.NotFound(w, r)
	default:
		s.answer(r, true).write(w)
	}
}

// importDoor serves the import host.
func (s *Server) importDoor(w http.ResponseWriter, r *http.Request) {
	if !isImport(r) {
		http.NotFound(w, r)
		return
	}
	s.answer(r, true).write(w)
}

// certified makes a root certificate and a certificate for both hosts.
func (k *sockets) certified(ip net.IP) *tls.Config {
	cert, ca, err := certificates(ip)
	if err != nil {
		panic("graphtest: cannot make a certificate: " + err.Error())
	}
	k.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca})
	k.pool = x509.NewCertPool()
	k.pool.AppendCertsFromPEM(k.caPEM)
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
}

func certificates(ip net.IP) (cert tls.Certificate, root []byte, err error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, nil, err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "graphtest root"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if root, err = x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey); err != nil {
		return cert, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "graphtest"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), ip},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	return tls.Certificate{Certificate: [][]byte{der, root}, PrivateKey: key}, root, err
}
