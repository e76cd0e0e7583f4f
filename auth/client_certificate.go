package auth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

// clientCertificate is the certificate that this side presents in TLS handshakes. Its file
// is read again when it has changed, so it can be replaced while the program runs.
type clientCertificate struct {
	file     string
	password func() string // a function, because fmt prints strings

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time // modification time of the file when it was last read
	size    int64
}

func newClientCertificate(file, password string) (*clientCertificate, error) {
	c := &clientCertificate{file: file, password: func() string { return password }}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("auth: clientCertificateFile: %w", err)
	}
	c.changed, c.size = info.ModTime(), info.Size()
	c.current, err = c.read()
	return c, err
}

// get returns the certificate for a handshake. While the file cannot be used, for example
// because it is being written, the old certificate stays.
func (c *clientCertificate) get(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.file)
	if err != nil || info.ModTime().Equal(c.changed) && info.Size() == c.size {
		return c.current, nil
	}
	if next, err := c.read(); err == nil {
		c.current, c.changed, c.size = next, info.ModTime(), info.Size()
	}
	return c.current, nil
}

// read reads a PEM file with certificates and key, or a PFX file.
func (c *clientCertificate) read() (*tls.Certificate, error) {
	data, err := os.ReadFile(c.file)
	if err != nil {
		return nil, fmt.Errorf("auth: clientCertificateFile: %w", err)
	}
	var cert *tls.Certificate
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		pair, pairErr := tls.X509KeyPair(data, data)
		cert, err = &pair, pairErr
	} else {
		cert, err = pfxPair(data, c.password())
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("auth: clientCertificateFile %q: %w", c.file, err)
	case time.Now().After(cert.Leaf.NotAfter):
		return nil, fmt.Errorf("auth: clientCertificateFile %q: %w on %s; renew it", c.file, ErrCertificateExpired, cert.Leaf.NotAfter.UTC().Format(time.DateTime))
	}
	return cert, nil
}

// pfxPair reads a PFX file with a key of any kind.
func pfxPair(data []byte, password string) (*tls.Certificate, error) {
	key, leaf, chain, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		if e, ok := errors.AsType[*CertificateError](pfxError(err, data, password)); ok {
			return nil, fmt.Errorf("%w; %s", e.Reason, strings.ReplaceAll(e.Remedy, "privateKeyPassword", "clientCertificatePassword"))
		}
		return nil, err
	}
	pair := &tls.Certificate{PrivateKey: key, Leaf: leaf}
	for _, c := range append([]*x509.Certificate{leaf}, chain...) {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return pair, nil
}
