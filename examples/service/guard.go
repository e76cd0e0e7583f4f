package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// authorized lets through callers that send the token (RFC 6750). Without a token,
// only programs on this machine are served: see local. Whoever opens a page of
// another website sends requests as well, but without knowing: see sameOrigin.
func authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // it is about people's mail
		if p := sameOrigin(r); p != nil {
			p.write(w)
			return
		}
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

// local refuses what does not come from this machine: from another address, under
// another host name, which a website could have a local browser send (DNS
// rebinding), or through a proxy, behind which anybody can be.
func local(r *http.Request) *problem {
	if !isLoopback(r.RemoteAddr) {
		return &problem{Status: http.StatusForbidden, Detail: "without " + envToken + " the service serves only this machine"}
	}
	if !isLoopback(r.Host) {
		return &problem{Status: http.StatusMisdirectedRequest, Detail: "without " + envToken + " the service accepts only the names of this machine, such as localhost"}
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(name)) > 0 {
			return &problem{Status: http.StatusForbidden, Field: name, Detail: "behind a proxy, set " + envToken + " to the token that callers must send"}
		}
	}
	return nil
}

// sameOrigin refuses requests that a page of another website makes a browser send.
// Browsers say where they come from (https://fetch.spec.whatwg.org/#origin-header,
// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header); other programs say
// nothing.
func sameOrigin(r *http.Request) *problem {
	foreign := &problem{Status: http.StatusForbidden, Detail: "the request comes from a page of another website"}
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "none" && site != "same-origin" {
			foreign.Field = "Sec-Fetch-Site"
			return foreign
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if !isOwn(origin, r.Host) {
			foreign.Field = "Origin"
			return foreign
		}
	}
	return nil
}

// isOwn reports whether an origin is that of the service: scheme and host, and nothing
// else (RFC 6454, section 7.1). A TLS proxy may stand in front, so both schemes are.
func isOwn(origin, host string) bool {
	scheme, of, _ := strings.Cut(origin, "://")
	return host != "" && strings.EqualFold(of, host) && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// sendsJSON refuses bodies of another type than JSON. A form on another website
// cannot send this type, and a script there has to ask first.
func sendsJSON(r *http.Request) error {
	types := r.Header.Values("Content-Type")
	if t, _, err := mime.ParseMediaType(strings.Join(types, ", ")); err != nil || t != "application/json" {
		return &problem{Status: http.StatusUnsupportedMediaType, Field: "Content-Type", Detail: "send application/json"}
	}
	return nil
}

// isLoopback reports whether a host, with or without a port, is a name or an address of
// this machine.
func isLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // without a port
		name = host
		if inside, ok := strings.CutPrefix(host, "["); ok {
			name = strings.TrimSuffix(inside, "]")
		} else if strings.Contains(host, ":") {
			return false
		}
	}
	ip, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && ip.IsLoopback()
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
			p := driver.NewPanic(v)
			log.ErrorContext(r.Context(), "panic", "method", r.Method, "path", r.URL.Path, "type", fmt.Sprintf("%T", p.Value), "stack", string(p.Stack))
			(&problem{Status: http.StatusInternalServerError, Detail: "see the log of the service"}).write(w)
		}()
		next.ServeHTTP(w, r)
	})
}
