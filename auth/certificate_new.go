package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// CertificateOptions are the settings of [NewCertificate]. nil or the zero value
// means the defaults.
type CertificateOptions struct {
	// Subject is the distinguished name, such as "CN=quarantine,O=Example". It
	// may use CN, O, OU, L, ST and C; text without "=" is the CN. Default:
	// CN=ewsquarantine.
	Subject string

	// Lifetime is how long the certificate is valid. Azure AD accepts any; tenant
	// policies may set a limit. Default: 365 days.
	Lifetime time.Duration

	// Bits is the size of the RSA key: 2048 to 4096. Default: 2048.
	Bits int

	// Now is the start of the lifetime. Default: the current time.
	Now time.Time
}

// NewCertificate creates an RSA key and a self-signed certificate (SHA-256) with
// which an application can sign in to Azure AD once the certificate, or what
// [Certificate.KeyCredentials] returns, is registered with it. The certificate is valid
// from five minutes before Now, to allow for wrong clocks.
func NewCertificate(opts *CertificateOptions) (*Certificate, error) {
	var o CertificateOptions
	if opts != nil {
		o = *opts
	}
	if o.Subject == "" {
		o.Subject = "CN=ewsquarantine"
	}
	subject, err := parseSubject(o.Subject)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Lifetime < 0:
		return nil, errors.New("auth: CertificateOptions.Lifetime is negative")
	case o.Lifetime == 0:
		o.Lifetime = 365 * 24 * time.Hour
	}
	switch {
	case o.Bits == 0:
		o.Bits = 2048
	case o.Bits < 2048 || o.Bits > 4096:
		return nil, errors.New("auth: CertificateOptions.Bits is not between 2048 and 4096")
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	key, err := rsa.GenerateKey(rand.Reader, o.Bits)
	if err != nil {
		return nil, fmt.Errorf("auth: cannot create the key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("auth: cannot create the serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject,
		NotBefore:             o.Now.Add(-5 * time.Minute),
		NotAfter:              o.Now.Add(o.Lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("auth: cannot create the certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("auth: cannot read the certificate: %w", err)
	}
	return newCertificate([]*x509.Certificate{leaf}, key)
}

// parseSubject parses a distinguished name with plain attributes.
func parseSubject(s string) (pkix.Name, error) {
	if !strings.Contains(s, "=") {
		return pkix.Name{CommonName: s}, nil
	}
	var name pkix.Name
	for part := range strings.SplitSeq(s, ",") {
		key, value, _ := strings.Cut(part, "=")
		value = strings.TrimSpace(value)
		if value == "" {
			return pkix.Name{}, fmt.Errorf("auth: the subject %q has an attribute without a value; write it like CN=quarantine,O=Example", s)
		}
		switch strings.ToUpper(strings.TrimSpace(key)) {
		case "CN":
			name.CommonName = value
		case "O":
			name.Organization = append(name.Organization, value)
		case "OU":
			name.OrganizationalUnit = append(name.OrganizationalUnit, value)
		case "L":
			name.Locality = append(name.Locality, value)
		case "ST":
			name.Province = append(name.Province, value)
		case "C":
			name.Country = append(name.Country, value)
		default:
			return pkix.Name{}, fmt.Errorf("auth: the subject %q has an unknown attribute %q; use CN, O, OU, L, ST and C", s, key)
		}
	}
	return name, nil
}

// KeyCredentials returns JSON for the manifest of an application registration in
// Azure AD: an object with the property keyCredentials, whose elements go into
// the manifest's property of that name, after the existing ones. The keyId is new
// with each call.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-authenticate-an-ews-application-by-using-oauth.
func (c *Certificate) KeyCredentials() ([]byte, error) {
	type keyCredential struct {
		CustomKeyIdentifier string `json:"customKeyIdentifier"`
		KeyID               string `json:"keyId"`
		Type                string `json:"type"`
		Usage               string `json:"usage"`
		Value               string `json:"value"`
	}
	thumbprint := sha1.Sum(c.leaf.Raw)
	return json.MarshalIndent(map[string][]keyCredential{"keyCredentials": {{
		CustomKeyIdentifier: base64.StdEncoding.EncodeToString(thumbprint[:]),
		KeyID:               newGUID(),
		Type:                "AsymmetricX509Cert",
		Usage:               "Verify",
		Value:               base64.StdEncoding.EncodeToString(c.leaf.Raw),
	}}}, "", "  ")
}

// newGUID returns a random UUID (RFC 9562, version 4).
func newGUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
