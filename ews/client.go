package ews

import (
	"context"
	"errors"
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

// Client talks to one EWS endpoint as one account. Its methods may be called
// concurrently.
type Client struct{}

var errUnbuilt = errors.New("ews: not built yet")

// NewClient returns a client for an endpoint such as
// https://mail.example.com/EWS/Exchange.asmx. It does no I/O and copies opts;
// nil stands for the defaults. The endpoint must be an absolute http or https
// URL with a host and path and without user information.
func NewClient(endpoint string, opts *Options) (*Client, error) { return nil, errUnbuilt }

// Impersonating returns a view of the client that works as the owner of a
// mailbox, named by its primary SMTP address: each request carries the
// ExchangeImpersonation header and X-AnchorMailbox, and is charged to that
// mailbox. The account needs the ApplicationImpersonation right.
func (c *Client) Impersonating(address string) *Client { return c }

// ForMailbox returns a view of the client for working in a mailbox as a
// delegate: each request carries X-AnchorMailbox and is charged to
// Options.Payer. Every [DistinguishedFolder] must name the mailbox, too.
func (c *Client) ForMailbox(address string) *Client { return c }

// Mailbox returns the address of the view's mailbox, empty for the client that
// NewClient returned.
func (c *Client) Mailbox() string { return "" }

// Version returns the schema version that the next request of this view will
// carry.
func (c *Client) Version() Version { return 0 }

// Build returns the build of the server that answered last for this view's
// mailbox, zero if none has.
func (c *Client) Build() Build { return Build{} }

// URL returns the endpoint.
func (c *Client) URL() string { return "" }
