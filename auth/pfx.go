package auth

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// LoadPFX reads a certificate with its private key from a PFX (PKCS#12) file, as
// Windows, Azure Key Vault and openssl export them, with legacy or modern
// encryption. password is empty for a file without one. Errors are
// [*CertificateError], except if the file cannot be read. Validity is not
// checked here: see [Certificate.CheckValidity].
func LoadPFX(file, password string) (*Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("auth: privateKeyFile: %w", err)
	}
	cert, err := ParsePFX(data, password)
	if e, ok := errors.AsType[*CertificateError](err); ok {
		e.File = file
	}
	return cert, err
}

// ParsePFX is like [LoadPFX] for the content of a file.
func ParsePFX(data []byte, password string) (*Certificate, error) {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN")) {
		return nil, &CertificateError{Reason: ErrPFXFormat, Remedy: "it is PEM; convert it with: openssl pkcs12 -export -in FILE -out cert.pfx"}
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		return nil, pfxError(err, data, password)
	}
	return newCertificate(append([]*x509.Certificate{leaf}, chain...), key)
}

// pfxError classifies the decoder's error. Errors without an exported value
// are recognised by their text; a test checks that.
func pfxError(err error, data []byte, password string) error {
	switch {
	case strings.ContainsFunc(password, func(r rune) bool { return r > 0xFFFF }):
		return &CertificateError{Reason: ErrPFXPasswordCharacter, Remedy: "export it again with a password of letters, digits and signs"}
	case encryptedWithoutMAC(data):
		return &CertificateError{Reason: ErrPFXNoMAC, Remedy: "export it again with one, for example with: openssl pkcs12 -export, without -nomac"}
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		remedy := "check privateKeyPassword"
		if password == "" {
			remedy = "set privateKeyPassword"
		}
		return &CertificateError{Reason: ErrPFXPassword, Remedy: remedy}
	case err.Error() == noMAC:
		return &CertificateError{Reason: ErrPFXPassword, Remedy: "the file has no password; leave privateKeyPassword empty"}
	case err.Error() == "pkcs12: private key missing":
		return &CertificateError{Reason: ErrNoPrivateKey, Remedy: "export the certificate with its private key"}
	case err.Error() == "pkcs12: certificate missing":
		return &CertificateError{Reason: ErrNoCertificate, Remedy: "export the private key with its certificate"}
	}
	return &CertificateError{Reason: ErrPFXFormat, Detail: err, Remedy: "export it again, for example with: openssl pkcs12 -in FILE -nodes | openssl pkcs12 -export -out cert.pfx"}
}

// noMAC is the decoder's error for a password with a file that has no MAC (RFC 7292,
// section 4): it could not check the password.
const noMAC = "pkcs12: no MAC in data"

// encryptedWithoutMAC reports whether a file has no MAC but needs a password.
func encryptedWithoutMAC(data []byte) bool {
	if _, _, _, err := pkcs12.DecodeChain(data, "any"); err == nil || err.Error() != noMAC {
		return false
	}
	_, _, _, err := pkcs12.DecodeChain(data, "")
	return err != nil && strings.Contains(err.Error(), "decrypt")
}

// PFX returns the certificate with its key and chain as the content of a PFX
// file, with AES-256 encryption (readable by Windows Server 2019, OpenSSL 1.1
// and later). The password must not be empty.
func (c *Certificate) PFX(password string) ([]byte, error) {
	if password == "" {
		return nil, errors.New("auth: a PFX file with a private key needs a password")
	}
	data, err := pkcs12.Modern2023.Encode(c.key(), c.leaf, c.chain, password)
	if err != nil {
		return nil, fmt.Errorf("auth: cannot create the PFX file: %w", err)
	}
	return data, nil
}
