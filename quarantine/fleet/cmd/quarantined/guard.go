package main

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/httpguard"
)

// authorized lets through callers that send the token. Without a token, only programs on
// this machine are served: see local.
func authorized(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p *problem
		switch {
		case token == "":
			p = local(r)
		case !httpguard.HasToken(r, token):
			w.Header().Set("WWW-Authenticate", "Bearer")
			p = &problem{Status: http.StatusUnauthorized, Detail: "send the header Authorization: Bearer with the token in " + envToken}
		}
		if p != nil {
			p.write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// local refuses requests that do not come from this machine.
func local(r *http.Request) *problem {
	refused := httpguard.Local(r)
	if refused == nil {
		return nil
	}
	p := &problem{Status: refused.Status, Detail: "this is for programs of the machine only: set " + envToken + ", or userHeader for a proxy in front"}
	switch {
	case refused.Proxy != "":
		p.Detail = "behind a proxy, set " + envToken + ", and userHeader for the pages"
	case refused.Status == http.StatusMisdirectedRequest:
		p.Detail = "only the names of this machine are served, such as localhost"
	}
	return p
}

// userOf returns the user whom the proxy names, or "" on this machine if there is no proxy.
// A request that does not come from the proxy, or does not name exactly one user, is
// refused.
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
