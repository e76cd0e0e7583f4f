package ews

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// Limiter decides when a call may be sent. Package throttle has the one this
// module uses; a nil Limiter lets every call through.
type Limiter interface {
	// Acquire waits until a call charged to payer may be sent, or until ctx
	// ends, whose cause it then returns. release must be called exactly once,
	// when the answer has been read: throttled says whether the server asked
	// this payer to slow down, backOff for how long (zero: it did not say).
	Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error)
}

// Options are the optional settings of a [Client]. The zero value, and nil,
// stand for the defaults.
type Options struct {
	// Transport sends the requests; it authenticates, too. Default: a private
	// HTTP/1.1 transport without credentials.
	Transport http.RoundTripper

	// Limiter is asked before each call. Default: none.
	Limiter Limiter

	// Payer is the budget that calls are charged to when no mailbox is
	// impersonated: the name of the service account. With impersonation the
	// impersonated mailbox pays.
	Payer string

	// UserAgent identifies the product in Exchange's allow and block lists.
	// Default: "ewsquarantine/1".
	UserAgent string

	// MaxVersion is the newest schema version to speak. Default: Exchange2013SP1.
	MaxVersion Version

	// Timeout bounds one call from its first byte to the response header, so
	// that the server's own limit of about a minute strikes first.
	// Default: 130 seconds; negative: no bound.
	Timeout time.Duration

	// ReadAttempts is how often a call that only reads is tried when the
	// server is busy or the connection breaks. Writes are never repeated.
	// Default: 4; 1: never repeat.
	ReadAttempts int

	// Logger receives one record per call at level Debug, and one per refusal
	// at level Warn: operation, mailbox, status, request ids, duration; never
	// credentials, addresses of senders, subjects or content. Default: discard.
	Logger *slog.Logger
}
