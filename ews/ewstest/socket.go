package ewstest

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
	"sync"
	"time"
)

// socket is the server's listener, opened on demand.
type socket struct {
	mu       sync.Mutex
	listener net.Listener
	server   *http.Server
	caPEM    []byte
	pool     *x509.CertPool
	clients  []*http.Transport
	closed   bool
}

// URL returns the address of EWS, https://…/EWS/Exchange.asmx with TLS. The first
// call opens the socket.
//
// Inside a testing/synctest bubble it opens none and returns
// [Server.DirectURL], because a goroutine waiting for connections would keep the
// bubble's clock from advancing.
func (s *Server) URL() string {
	if inBubble() {
		return s.DirectURL()
	}
	s.listen()
	scheme := "http://"
	if s.opts.TLS {
		scheme = "https://"
	}
	return scheme + s.socket.listener.Addr().String() + endpoint
}

// inBubble reports whether the caller is in a synctest bubble, whose clock starts
// in the year 2000.
func inBubble() bool { return time.Now().Year() < 2010 }

// CAPEM returns the root certificate to trust, in PEM; nil without TLS.
func (s *Server) CAPEM() []byte {
	if !s.opts.TLS {
		return nil
	}
	s.listen()
	return append([]byte(nil), s.socket.caPEM...)
}

// Transport returns a RoundTripper that reaches the server over its socket, without
// credentials (it trusts CAPEM). It speaks HTTP/1.1. Each call returns a new RoundTripper
// with its own connections.
func (s *Server) Transport() http.RoundTripper {
	s.listen()
	t := &http.Transport{ForceAttemptHTTP2: false, Proxy: nil}
	if s.opts.TLS {
		t.TLSClientConfig = &tls.Config{RootCAs: s.socket.pool, MinVersion: tls.VersionTLS12}
	}
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	s.socket.clients = append(s.socket.clients, t)
	return t
}

// Close stops the server and closes its connections; [Server.Direct] no longer answers.
// Requests that were to be acted on later are not acted on, policies do nothing more, and
// mailbox moves no longer end by themselves. The state can still be inspected.
func (s *Server) Close() {
	s.late.mu.Lock()
	s.late.closed, s.late.held = true, nil
	s.late.mu.Unlock()
	s.mu.Lock()
	s.people.timers.stop()
	s.cutStreams()
	s.mu.Unlock()
	s.socket.mu.Lock()
	defer s.socket.mu.Unlock()
	s.socket.closed = true
	for _, t := range s.socket.clients {
		t.CloseIdleConnections()
	}
	if s.socket.server != nil {
		_ = s.socket.server.Close()
	}
}

// isClosed reports whether the server was closed.
func (s *Server) isClosed() bool {
	s.late.mu.Lock()
	defer s.late.mu.Unlock()
	return s.late.closed
}

// listen opens the socket unless it is open already.
func (s *Server) listen() {
	k := &s.socket
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.server != nil || k.closed {
		if k.server == nil {
			panic("ewstest: the server is closed")
		}
		return
	}
	k.listener = s.opts.Listener
	if k.listener == nil {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic("ewstest: cannot listen: " + err.Error())
		}
		k.listener = l
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	k.server = &http.Server{
		Handler:           s,
		Protocols:         protocols,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	serving := k.listener
	var leaf *x509.Certificate
	if s.opts.TLS {
		cert, err := k.certificate(k.listener.Addr())
		if err != nil {
			panic("ewstest: cannot make a certificate: " + err.Error())
		}
		leaf, _ = x509.ParseCertificate(cert.Certificate[0])
		serving = tls.NewListener(serving, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	k.server.ConnContext = connContext
	if s.windows != nil {
		s.windows.begin(leaf)
		k.server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			return s.windows.connContext(connContext(ctx, c), c)
		}
	}
	server := k.server
	go func() { _ = server.Serve(serving) }()
}

// certificate makes a root certificate and a server certificate signed by it.
func (k *socket) certificate(addr net.Addr) (tls.Certificate, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ewstest root"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "ewstest"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		leaf.IPAddresses = append(leaf.IPAddresses, tcp.IP)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	k.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	k.pool = x509.NewCertPool()
	k.pool.AppendCertsFromPEM(k.caPEM)
	return tls.Certificate{Certificate: [][]byte{der, caDER}, PrivateKey: key}, nil
}
