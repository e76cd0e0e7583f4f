package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// authorized lets through callers that send the token (RFC 6750). Without a token, only
// programs on this machine are served: see local.
func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token == "" {
			if p := local(r); p != nil {
				p.write(w)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		scheme, sent, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(sent)) // the same length, whatever was sent
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			(&problem{Status: http.StatusUnauthorized, Detail: "send the header Authorization: Bearer with the token in " + envToken}).write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// local refuses what does not come from this machine: from another address, under another
// host name, which a website could have a local browser send (DNS rebinding), or through a
// proxy, behind which anybody can be.
func local(r *http.Request) *problem {
	if !isLoopback(r.RemoteAddr) {
		return &problem{Status: http.StatusForbidden, Detail: "this is for programs of the machine only: set " + envToken + ", or userHeader for a proxy in front"}
	}
	if !isLoopback(r.Host) {
		return &problem{Status: http.StatusMisdirectedRequest, Detail: "only the names of this machine are served, such as localhost"}
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return &problem{Status: http.StatusForbidden, Detail: "behind a proxy, set " + envToken + ", and userHeader for the pages"}
		}
	}
	return nil
}

// userOf returns who looks at the pages, as the proxy says; "" on this machine if there is
// no proxy. What does not come from the proxy, or does not name one user, is refused.
func (s *settings) userOf(r *http.Request) (string, *problem) {
	if s.UserHeader == "" {
		return "", local(r)
	}
	refused := func(why string) (string, *problem) {
		return "", &problem{Status: http.StatusForbidden, Detail: why}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) }) {
		return refused("the request does not come from a proxy that the configuration names")
	}
	users := r.Header.Values(s.UserHeader)
	if len(users) != 1 || users[0] == "" || len(users[0]) > 200 || !utf8.ValidString(users[0]) || strings.ContainsFunc(users[0], unicode.IsControl) {
		return refused("the proxy does not name one user in " + s.UserHeader)
	}
	return users[0], nil
}

// isLoopback reports whether a host, with or without a port, is a name or an address of
// this machine.
func isLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // without a port
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.IsLoopback()
}
