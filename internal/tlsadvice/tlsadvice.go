// Package tlsadvice suggests what to do about TLS handshakes that fail because one of the
// two sides is old, or because the server wants a client certificate.
package tlsadvice

import (
	"crypto/x509"
	"errors"
	"strings"
)

// Remedy returns what to do about a handshake error, or an empty string if it is not one
// that this package knows. GODEBUG is an environment variable that is read when the
// program starts: https://go.dev/doc/godebug.
func Remedy(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	has := func(part string) bool { return strings.Contains(text, part) }
	// The alerts of RFC 8446, section 6, that a server sends have no type of their own.
	alert := func(name string) bool { return has("remote error: tls: " + name) }
	switch {
	case has("negative serial number"):
		return "the certificate has a negative serial number (RFC 5280 forbids it): have it issued anew, or start this program with GODEBUG=x509negativeserial=1 in its environment"
	case insecure(err), has("insecure algorithm SHA1"):
		return "a certificate in the chain is signed with SHA-1, which is not accepted any more: have it issued anew, or set rootCAFile to a PEM file with the server's own certificate, which is then trusted as it is"
	case alert("protocol version not supported"), has("unsupported protocol version"):
		return "the server speaks only TLS 1.0 or 1.1, which are not safe: enable TLS 1.2 on it (https://learn.microsoft.com/en-us/exchange/plan-and-deploy/post-installation-tasks/security-best-practices/exchange-tls-configuration)"
	case alert("certificate required"):
		return "the server requires a certificate of the client: set clientCertificateFile"
	case alert("bad certificate"):
		return "the server does not accept the certificate of the client, or misses one: check clientCertificateFile"
	case has("no renegotiation"):
		return "the server asks for a certificate of the client within the connection (client certificates in IIS, for some paths): set tlsRenegotiation to true, and clientCertificateFile if it requires one"
	case alert("handshake failure"):
		return "the server and this program share no cipher suite: enable suites with ECDHE on the server, or, if it has RSA key exchange only, start this program with GODEBUG=tlsrsakex=1 in its environment; " +
			"if the server requires a certificate of the client, set clientCertificateFile"
	}
	return ""
}

func insecure(err error) bool {
	_, ok := errors.AsType[x509.InsecureAlgorithmError](err)
	return ok
}
