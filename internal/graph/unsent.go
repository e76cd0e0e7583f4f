package graph

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
)

// notSent reports whether an error of a transport reports that nothing was sent.
func notSent(err error) bool {
	if e, ok := errors.AsType[interface {
		error
		NotSent() bool
	}](err); ok {
		return e.NotSent()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	return untrusted || unknown || name
}
