package main

import (
	"expvar"
	"net/http"
)

// metrics returns what the SDK has done, for Prometheus.
func (a *api) metrics(w http.ResponseWriter, r *http.Request) error {
	a.counts.ServeHTTP(w, r)
	return nil
}

// vars returns the same and the memory statistics of the process, as package expvar does.
// Nothing is published, because a process may contain several services.
func (a *api) vars(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	all := new(expvar.Map)
	all.Set("memstats", expvar.Get("memstats"))
	all.Set("quarantine", a.counts)
	_, _ = w.Write([]byte(all.String())) // on error, the caller has gone
	return nil
}
