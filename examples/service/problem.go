package main

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

// problem is an error that is reported to a caller, in the form of RFC 9457.
type problem struct {
	Title  string `json:"title"` // filled in from Status
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Field is the field of the request that is at fault.
	Field string `json:"field,omitempty"`

	retryAfter time.Duration
}

// Error returns the detail.
func (p *problem) Error() string { return p.Detail }

func badField(field, detail string) error {
	return &problem{Status: http.StatusBadRequest, Field: field, Detail: detail}
}

// handler is an http.Handler that may fail. An error other than a problem does not concern
// the caller and goes to the log.
type handler func(http.ResponseWriter, *http.Request) error

// unstored is a disk error: it goes to the log, and the caller is asked to try again.
type unstored struct{ error }

func (h handler) logged(log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		p, ok := errors.AsType[*problem](err)
		if !ok {
			log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			p = &problem{Status: http.StatusInternalServerError, Detail: "see the log of the service"}
			if _, ok := errors.AsType[*unstored](err); ok {
				p = &problem{Status: http.StatusServiceUnavailable, Detail: "the alert could not be stored: see the log of the service", retryAfter: 30 * time.Second}
			}
		}
		p.write(w)
	})
}

func (p *problem) write(w http.ResponseWriter) {
	out := *p
	out.Title = http.StatusText(p.Status)
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(p.retryAfter.Seconds())))
	}
	writeJSON(w, p.Status, "application/problem+json", &out)
}

// writeJSON writes a response. It does not matter if the caller has gone.
func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	text, err := terminal.JSONLine(v)
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
