package auth

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// What can be wrong with a certificate or its file. With [errors.Is], a
// [*CertificateError] matches one of these.
var (
	ErrPFXFormat              = errors.New("not a readable PFX (PKCS#12) file")
	ErrPFXPassword            = errors.New("the password of the PFX file is wrong")
	ErrPFXPasswordCharacter   = errors.New("the password of the PFX file has a character beyond U+FFFF, such as an emoji, which is not supported")
	ErrPFXNoMAC               = errors.New("the PFX file is encrypted but has no MAC, which is not supported")
	ErrNoCertificate          = errors.New("the file contains no certificate")
	ErrNoPrivateKey           = errors.New("the file contains no private key")
	ErrKeyType                = errors.New("the private key is not an RSA key")
	ErrKeyMismatch            = errors.New("the private key does not belong to the certificate")
	ErrCertificateExpired     = errors.New("the certificate has expired")
	ErrCertificateNotYetValid = errors.New("the certificate is not valid yet")
)

// CertificateError reports that a certificate cannot be used to sign in.
type CertificateError struct {
	File   string // empty if the certificate came from memory
	Reason error  // one of the sentinels
	Remedy string // what to do
	Detail error  // the decoder's error, if any
}

// Error returns the setting, the file, the reason and the remedy.
func (e *CertificateError) Error() string {
	var b strings.Builder
	b.WriteString("auth: privateKeyFile")
	if e.File != "" {
		fmt.Fprintf(&b, " %q", e.File)
	}
	fmt.Fprintf(&b, ": %v", e.Reason)
	if e.Detail != nil {
		fmt.Fprintf(&b, " (%v)", e.Detail)
	}
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

// Unwrap returns the reason and the decoder's error.
func (e *CertificateError) Unwrap() []error {
	if e.Detail == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Detail}
}

// Certificate is a certificate with its private key and, if known, the
// certificates that issued it. It does not show the key when printed or logged.
type Certificate struct {
	leaf  *x509.Certificate
	chain []*x509.Certificate
	// A function, so that nothing that prints the struct reaches the key.
	key func() *rsa.PrivateKey
}

// newCertificate returns the key with the certificate that it belongs to.
func newCertificate(certs []*x509.Certificate, key any) (*Certificate, error) {
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, &CertificateError{Reason: ErrKeyType, Remedy: "Azure AD accepts only RSA keys; create one with: ewsq cert"}
	}
	c := &Certificate{key: func() *rsa.PrivateKey { return private }}
	for _, cert := range certs {
		if c.leaf == nil && private.PublicKey.Equal(cert.PublicKey) {
			c.leaf = cert
			continue
		}
		c.chain = append(c.chain, cert)
	}
	if c.leaf == nil {
		return nil, &CertificateError{Reason: ErrKeyMismatch, Remedy: "export the certificate again together with its own private key"}
	}
	return c, nil
}

// NotBefore returns the time from which the certificate is valid.
func (c *Certificate) NotBefore() time.Time { return c.leaf.NotBefore }

// NotAfter returns the time at which the certificate expires. Renew the certificate well
// in advance: the new one must first be registered with the application.
func (c *Certificate) NotAfter() time.Time { return c.leaf.NotAfter }

// Subject returns the subject's distinguished name.
func (c *Certificate) Subject() string { return c.leaf.Subject.String() }

// Thumbprint returns the SHA-1 of the certificate in upper-case hexadecimal, as
// the Azure portal and Windows show it.
func (c *Certificate) Thumbprint() string { return fmt.Sprintf("%X", sha1.Sum(c.leaf.Raw)) }

// CER returns the certificate without the key, in DER: the content of a .cer
// file to upload to the application.
func (c *Certificate) CER() []byte { return append([]byte(nil), c.leaf.Raw...) }

// CheckValidity returns a [*CertificateError] if the certificate has expired, or
// is not valid yet, at the given time.
func (c *Certificate) CheckValidity(at time.Time) error {
	switch {
	case at.After(c.leaf.NotAfter):
		return &CertificateError{
			Reason: ErrCertificateExpired,
			Detail: fmt.Errorf("on %s", c.leaf.NotAfter.UTC().Format(time.DateTime)),
			Remedy: "create a new one (ewsq cert) and register it with the application",
		}
	case at.Before(c.leaf.NotBefore):
		return &CertificateError{
			Reason: ErrCertificateNotYetValid,
			Detail: fmt.Errorf("before %s", c.leaf.NotBefore.UTC().Format(time.DateTime)),
			Remedy: "check this machine's clock",
		}
	}
	return nil
}

// String returns the subject and the thumbprint.
func (c *Certificate) String() string { return c.Subject() + " " + c.Thumbprint() }

// GoString returns the subject and the thumbprint.
func (c *Certificate) GoString() string { return c.String() }

// LogValue returns the subject and the thumbprint.
func (c *Certificate) LogValue() slog.Value { return slog.StringValue(c.String()) }
