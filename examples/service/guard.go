package main

import (
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/httpguard"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// authorized lets through callers that send the token. Without a token, only programs on
// this machine are served: see local. A user who opens a page of another website can send
// requests unknowingly: see sameOrigin.
func authorized(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // it is about people's mail
		p := sameOrigin(r)
		switch {
		case p != nil:
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
	p := &problem{Status: refused.Status, Field: refused.Proxy, Detail: "without " + envToken + " the service serves only this machine"}
	switch {
	case refused.Proxy != "":
		p.Detail = "behind a proxy, set " + envToken + " to the token that callers must send"
	case refused.Status == http.StatusMisdirectedRequest:
		p.Detail = "without " + envToken + " the service accepts only the names of this machine, such as localhost"
	}
	return p
}

// sameOrigin refuses requests that a page of another website makes a browser send.
// Browsers state the origin (https://fetch.spec.whatwg.org/#origin-header,
// https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header); other programs send
// neither header.
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

// isOwn reports whether an origin belongs to the service: scheme and host, and nothing
// else (RFC 6454, section 7.1). There may be a TLS proxy in front, so both schemes count.
func isOwn(origin, host string) bool {
	scheme, of, _ := strings.Cut(origin, "://")
	return host != "" && strings.EqualFold(of, host) && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// sendsJSON refuses bodies of types other than JSON. A form on another website cannot send
// this type, and a script there has to ask first.
func sendsJSON(r *http.Request) error {
	types := r.Header.Values("Content-Type")
	if t, _, err := mime.ParseMediaType(strings.Join(types, ", ")); err != nil || t != "application/json" {
		return &problem{Status: http.StatusUnsupportedMediaType, Field: "Content-Type", Detail: "send application/json"}
	}
	return nil
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
