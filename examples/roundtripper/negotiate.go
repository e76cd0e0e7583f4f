package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
)

// ticketSource returns a ticket for a service, such as HTTP/mail.example.com. A
// real one would use a GSSAPI or Kerberos library.
type ticketSource func(ctx context.Context, service string) ([]byte, error)

// negotiate is the RoundTripper: it signs in to one server with one account. Only
// requests for that server reach it.
type negotiate struct {
	server  *url.URL
	tickets ticketSource
	next    http.RoundTripper
}

func newNegotiate(ewsURL string, tickets ticketSource, next http.RoundTripper) (*negotiate, error) {
	u, err := url.Parse(ewsURL)
	if err != nil {
		return nil, err
	}
	return &negotiate{u, tickets, next}, nil
}

// RoundTrip implements [http.RoundTripper]. It does not retry: the client knows
// which calls may be repeated.
func (n *negotiate) RoundTrip(req *http.Request) (*http.Response, error) {
	ticket, err := n.tickets(req.Context(), "HTTP/"+n.server.Hostname())
	if err != nil {
		return nil, n.unsent(req, fmt.Errorf("no ticket for HTTP/%s: %w", n.server.Hostname(), err))
	}
	req = req.Clone(req.Context()) // leave the caller's request unchanged
	req.Header.Set("Authorization", "Negotiate "+base64.StdEncoding.EncodeToString(ticket))
	return n.next.RoundTrip(req)
}

// unsent closes the body, as a RoundTripper always must, and marks the error:
// nothing was sent, so whatever was asked for was certainly not done.
func (n *negotiate) unsent(req *http.Request, err error) error {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return &unsentError{err}
}

// unsentError is recognised by package ews through its NotSent method.
type unsentError struct{ error }

// NotSent reports that no byte of the request was sent.
func (*unsentError) NotSent() bool { return true }

// Unwrap returns the cause.
func (e *unsentError) Unwrap() error { return e.error }
