package auth

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/ewsquarantine/ewsquarantine/internal/tlsadvice"
)

// TransportOptions are the settings of [NewTransport]. nil or the zero value
// means the defaults.
type TransportOptions struct {
	// UseProxy sends requests through a proxy. Default: directly to the server,
	// regardless of the environment.
	UseProxy bool

	// ProxyURL is the proxy to use: http, https, socks5 or socks5h, with user
	// name and password if required. It is ignored without UseProxy. Default:
	// the proxy set in HTTPS_PROXY, HTTP_PROXY and NO_PROXY when the transport
	// is created.
	ProxyURL string

	// RootCAs holds PEM certificates to trust in addition to the system's.
	RootCAs []byte

	// RootCAFile is a file with such certificates. NewTransport reads it.
	RootCAFile string

	// InsecureTrustAnyServer turns off verification of the server's
	// certificate, so anyone in between can read and change all mail and
	// steal the credentials. It affects only this transport. For testing only.
	InsecureTrustAnyServer bool

	// ClientCertificateFile is a file with the certificate to present to servers that
	// ask for one in the TLS handshake, its chain and its key: PEM, not encrypted, or
	// PFX (PKCS#12) with ClientCertificatePassword. NewTransport reads it; if it has
	// changed, new connections read it again. Default: none.
	ClientCertificateFile, ClientCertificatePassword string

	// Renegotiation lets a server repeat the handshake within a connection, once, as
	// IIS does to ask for a client certificate for some paths only. It turns off TLS
	// 1.3, which has no renegotiation, and HTTP/2, which forbids it (RFC 9113,
	// section 9.2.1). Default: off; such a connection fails.
	Renegotiation bool

	// HTTP1Only turns off HTTP/2. NTLM always does so.
	HTTP1Only bool

	// DialTimeout bounds the time to connect, and TLSHandshakeTimeout the time of the
	// TLS handshake. Default: 15 seconds each.
	DialTimeout, TLSHandshakeTimeout time.Duration

	// ResponseHeaderTimeout bounds the time from the last byte of a request to
	// the header of its response. Exchange works on a batch for up to a minute
	// and should be the first to give up. Bodies are not timed: a stream can
	// take as long as it needs. Default: 150 seconds.
	ResponseHeaderTimeout time.Duration

	// IdleTimeout is how long an unused connection is kept. It should be shorter
	// than the server's (120 seconds on IIS). Default: 90 seconds.
	IdleTimeout time.Duration

	// MaxIdle is how many unused connections are kept. Default: 64.
	MaxIdle int
}

// bufferSize is the size of a connection's buffer in either direction, in bytes. Most EWS
// requests and responses fit into it, but not into the 4 KiB of package net/http: each is
// then one system call, and no copy goes through a buffer of 32 KiB.
const bufferSize = 16 << 10

// NewTransport returns a transport with settings suitable for EWS, using TLS 1.2
// or later. It shares nothing with other transports. NewTransport makes no
// connection. Give each identity its own transport.
func NewTransport(opts *TransportOptions) (*http.Transport, error) {
	var o TransportOptions
	if opts != nil {
		o = *opts
	}
	for _, f := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"DialTimeout", &o.DialTimeout, 15 * time.Second},
		{"TLSHandshakeTimeout", &o.TLSHandshakeTimeout, 15 * time.Second},
		{"ResponseHeaderTimeout", &o.ResponseHeaderTimeout, 150 * time.Second},
		{"IdleTimeout", &o.IdleTimeout, 90 * time.Second},
	} {
		if *f.value < 0 {
			return nil, fmt.Errorf("auth: TransportOptions.%s is negative", f.name)
		}
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	if o.MaxIdle < 0 {
		return nil, errors.New("auth: TransportOptions.MaxIdle is negative")
	}
	if o.MaxIdle == 0 {
		o.MaxIdle = 64
	}
	proxy, err := proxyFunc(o.UseProxy, o.ProxyURL)
	if err != nil {
		return nil, err
	}
	roots, err := rootCAs(o.RootCAs, o.RootCAFile)
	if err != nil {
		return nil, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!o.HTTP1Only && !o.Renegotiation)
	settings := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		RootCAs:            roots,
		InsecureSkipVerify: o.InsecureTrustAnyServer,
	}
	if o.Renegotiation {
		settings.Renegotiation, settings.MaxVersion = tls.RenegotiateOnceAsClient, tls.VersionTLS12
	}
	if o.ClientCertificateFile != "" {
		own, err := newClientCertificate(o.ClientCertificateFile, o.ClientCertificatePassword)
		if err != nil {
			return nil, err
		}
		settings.GetClientCertificate = own.get
	}
	dialer := &net.Dialer{Timeout: o.DialTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  proxy,
		OnProxyConnectResponse: onConnect,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        settings,
		TLSHandshakeTimeout:    o.TLSHandshakeTimeout,
		ResponseHeaderTimeout:  o.ResponseHeaderTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        o.IdleTimeout,
		MaxIdleConns:           o.MaxIdle,
		MaxIdleConnsPerHost:    o.MaxIdle,
		Protocols:              protocols,
		WriteBufferSize:        bufferSize,
		ReadBufferSize:         bufferSize,
	}, nil
}

// proxyFunc returns the function for http.Transport.Proxy. Its errors do not
// quote the URL, which may contain a password.
func proxyFunc(use bool, raw string) (func(*http.Request) (*url.URL, error), error) {
	if raw == "" {
		if !use {
			return nil, nil
		}
		env := httpproxy.FromEnvironment().ProxyFunc()
		return func(req *http.Request) (*url.URL, error) { return env(req.URL) }, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, errors.New("auth: proxyUrl is not the URL of a proxy; use one such as http://proxy.example.com:3128")
	}
	if !use {
		return nil, nil
	}
	return http.ProxyURL(u), nil
}

// rootCAs returns the system's roots plus those given, or nil (the system's) if
// none are given.
func rootCAs(text []byte, file string) (*x509.CertPool, error) {
	if len(text) == 0 && file == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without roots; use only those given
	}
	if len(text) > 0 {
		if err := addCertificates(pool, text); err != nil {
			return nil, fmt.Errorf("auth: TransportOptions.RootCAs: %w", err)
		}
	}
	if file == "" {
		return pool, nil
	}
	text, err = os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("auth: rootCAFile: %w", err)
	}
	if err := addCertificates(pool, text); err != nil {
		return nil, fmt.Errorf("auth: rootCAFile %q: %w", file, err)
	}
	return pool, nil
}

// beginCertificate begins a certificate in PEM (RFC 7468, section 5).
const beginCertificate = "-----BEGIN CERTIFICATE-----"

// addCertificates adds the certificates in a text. A bundle has many, so the error says
// which of them cannot be read.
func addCertificates(pool *x509.CertPool, text []byte) error {
	parts := strings.Split(string(text), beginCertificate)
	if len(parts) == 1 {
		return errors.New(`no PEM certificate found ("-----BEGIN CERTIFICATE-----"); convert a DER file with: openssl x509 -inform der -in FILE`)
	}
	line := 1 + strings.Count(parts[0], "\n")
	for i, part := range parts[1:] {
		block, _ := pem.Decode([]byte(beginCertificate + part))
		err := errors.New("it is not PEM: its lines are damaged, or its end is missing")
		var cert *x509.Certificate
		if block != nil {
			cert, err = x509.ParseCertificate(block.Bytes)
		}
		if err != nil {
			remedy := "remove it, or replace it"
			if advice := tlsadvice.Remedy(err); advice != "" {
				remedy = advice
			}
			return fmt.Errorf("certificate %d of %d, from line %d, cannot be read: %w; %s", i+1, len(parts)-1, line, err, remedy)
		}
		pool.AddCert(cert)
		line += strings.Count(part, "\n")
	}
	return nil
}
