package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
)

// authorized lets through callers that send the token (RFC 6750). Without a token,
// the service listens only on this machine; a request under another host name, which a
// website could have a local browser send (DNS rebinding), is refused.
func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token == "" {
			if !isLoopback(r.Host) {
				(&problem{Status: http.StatusMisdirectedRequest, Detail: "without " + envToken + " the service accepts only the names of this machine, such as localhost"}).write(w)
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

func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// recovered responds for a handler that panics; net/http would just drop the
// connection. The value of the panic may contain anything, so it is not logged.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			log.ErrorContext(r.Context(), "panic", "method", r.Method, "path", r.URL.Path, "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			(&problem{Status: http.StatusInternalServerError, Detail: "see the log of the service"}).write(w)
		}()
		next.ServeHTTP(w, r)
	})
}
