// Package httpguard tells which callers an HTTP service may trust: those that send its
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

// HasToken reports whether a request carries a bearer token (RFC 6750). The time that it
// takes says nothing about the token. An empty token is never carried.
func HasToken(r *http.Request, token string) bool {
	scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(sent)) // equally long, whatever was sent
	return token != "" && strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Local returns nil for a request of a program on this machine, and otherwise why it may
// be from somewhere else.
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

// Refusal says why a request is not taken for one from this machine.
type Refusal struct {
	// Status is the HTTP status to answer with: 403 for a request from another address
	// or through a proxy, behind which anybody can be; 421 for one that asks for another
	// host name, which a website could have a local browser send (DNS rebinding).
	Status int
	// Proxy is the header in which a proxy says that it is one, otherwise empty.
	Proxy string
}

// IsLoopback reports whether a host is localhost or a loopback address. It is written as in
// URLs (RFC 3986, section 3.2.2): with a port or without, and an IPv6 address in brackets.
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
