package graph

import (
	"crypto/x509"
	"errors"
	"net"
)

// remedy suggests what to do if a connection could not be made. It returns an empty string if
// the cause is not one of the usual ones.
func (e *Error) remedy() string {
	if _, ofSignIn := errors.AsType[interface {
		error
		Unauthorized() bool
	}](e.Err); ofSignIn {
		return "" // the error contains the remedy, for another server
	}
	address := ", and graphUrl if it is set"
	if e.imported {
		address = "" // Graph gives that address
	}
	dial, ok := errors.AsType[*net.OpError](e.Err)
	if ok && dial.Op == "proxyconnect" {
		return "check proxyUrl, and that the proxy is running, or set useProxy to false"
	}
	if _, ok := errors.AsType[*net.DNSError](e.Err); ok {
		return "check this machine's name servers" + address
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](e.Err); ok {
		return "set rootCAFile to a PEM file with the certificate of the authority that issued the server's certificate, or, if a proxy inspects TLS, of the proxy's authority"
	}
	if ok && dial.Op == "dial" {
		return "check that no firewall on the way blocks the connection" + address
	}
	return ""
}
