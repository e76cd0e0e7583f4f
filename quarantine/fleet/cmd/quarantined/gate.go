package main

import (
	"net/http"
	"sync/atomic"
)

// gate passes requests to the handler that it is given. Until then the process is alive but
// not ready: it waits for the database.
type gate struct{ handler atomic.Pointer[http.Handler] }

func (g *gate) open(h http.Handler) { g.handler.Store(&h) }

// ServeHTTP answers a request.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch h := g.handler.Load(); {
	case h != nil:
		(*h).ServeHTTP(w, r)
	case r.URL.Path == "/healthz":
		writeJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ok"})
	default:
		(&problem{Status: http.StatusServiceUnavailable, Detail: "the process is starting, and waits for the database: see the log"}).write(w)
	}
}
