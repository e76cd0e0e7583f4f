package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// problem is an error that is reported to a caller, in the form of RFC 9457.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// Error returns the detail.
func (p *problem) Error() string { return p.Detail }

func (p *problem) write(w http.ResponseWriter) {
	p.Title = http.StatusText(p.Status)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "10")
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

// problemOf returns what a caller is told about an error. Details that do not concern the
// caller go to the log.
func problemOf(err error, r *http.Request, log *slog.Logger) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, quarantine.ErrInvalid):
		return &problem{Status: http.StatusBadRequest, Detail: err.Error()}
	case errors.Is(err, fleet.ErrNoCampaign), errors.Is(err, fleet.ErrNoTarget), errors.Is(err, fleet.ErrNoReport):
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	case errors.Is(err, fleet.ErrEnded), errors.Is(err, fleet.ErrOtherOrder), errors.Is(err, fleet.ErrDecided), errors.Is(err, fleet.ErrNothingSure):
		return &problem{Status: http.StatusConflict, Detail: err.Error()}
	}
	log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	if errors.Is(err, fleet.ErrUnreachable) || errors.Is(err, fleet.ErrFull) || errors.Is(err, fleet.ErrReadOnly) {
		return &problem{Status: http.StatusServiceUnavailable, Detail: "the database did not do what it was asked for: see the log, and try again"}
	}
	return &problem{Status: http.StatusInternalServerError, Detail: "see the log"}
}

// writeJSON writes a response. It does not matter if the caller has gone.
func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// recovered responds for a handler that panics. The value of the panic may contain
// anything, so it is not logged. The panic of a handler that aborts its response is passed
// on: net/http then closes the connection, and nobody takes a part of the response for the
// whole.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				p := driver.NewPanic(v)
				log.ErrorContext(r.Context(), "panic", "method", r.Method, "path", r.URL.Path, "type", fmt.Sprintf("%T", p.Value), "stack", string(p.Stack))
				(&problem{Status: http.StatusInternalServerError, Detail: "see the log"}).write(w)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
