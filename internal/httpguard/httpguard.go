// Package httpguard decides which callers an HTTP service can trust: those that send its
// token, or, without a token, programs on the same machine.
package httpguard

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// HasToken reports whether a request carries a bearer token (RFC 6750). The time it takes
// reveals nothing about the token. For an empty token the result is always false.
func HasToken(r *http.Request, token string) bool {
	scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(sent)) // equally long, whatever was sent
	return token != "" && strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Local returns nil for a request from a program on this machine, and otherwise the
// reason why it may come from elsewhere.
func Local(r *http.Request) *Refusal {
	if !IsLoopback(r.RemoteAddr) {
		return &Refusal{Status: http.StatusForbidden}
	}
	if !IsLoopback(r.Host) {
		return &Refusal{Status: http.StatusMisdirectedRequest}
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return &Refusal{Status: http.StatusForbidden, Proxy: name}
		}
	}
	return nil
}

// Refusal is the reason why a request is not considered to be from this machine.
type Refusal struct {
	// Status is the HTTP status to answer with: 403 for a request from another address or
	// through a proxy, which anybody can be behind; 421 for a request for another host
	// name, which a website could make a local browser send (DNS rebinding).
	Status int
	// Proxy is the header by which a proxy reveals itself; it is empty if no proxy did.
	Proxy string
}

// IsLoopback reports whether a host is localhost or a loopback address. The host is
// written as in URLs (RFC 3986, section 3.2.2): with or without a port, and with an IPv6
// address in brackets.
func IsLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // without a port
		name = host
		if inside, ok := strings.CutPrefix(host, "["); ok {
			if name, ok = strings.CutSuffix(inside, "]"); !ok {
				return false
			}
		} else if strings.Contains(host, ":") {
			return false
		}
	}
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.Unmap().IsLoopback()
}
