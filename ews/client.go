package ews

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/useragent"
	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// Options are the optional settings of a [Client]. nil or the zero value means
// the defaults.
type Options struct {
	// Transport sends the requests and authenticates them. Default: a private
	// HTTP/1.1 transport without credentials.
	Transport http.RoundTripper

	// Discover finds the endpoint, for example by Autodiscover, for a client
	// created without one. Each client call runs it, possibly concurrently,
	// until it has returned a usable URL, which is then kept. If it fails, the
	// call sends nothing and returns a [*TransportError] that wraps the error.
	// Default: none; NewClient then needs the endpoint.
	Discover func(ctx context.Context) (string, error)

	// Limiter is consulted before each call. Default: none.
	Limiter Limiter

	// Payer is the budget charged for calls without impersonation: the name of
	// the service account. Calls with impersonation are charged to the
	// impersonated mailbox.
	Payer string

	// UserAgent names the product that uses the client, such as "Acme-Mail/2.1", in the
	// server's logs and for its allow and block lists (EwsAllowList). It comes first in
	// the header, before "ewsquarantine/1" (RFC 9110, section 10.1.5). At most 256 bytes
	// of ASCII. Default: none.
	UserAgent string

	// MaxVersion is the newest schema version to speak. Default: Exchange2013SP1.
	MaxVersion Version

	// Timeout bounds one call from its first byte to the response header. It should
	// exceed the server's own limit of about a minute. While [Content] is being sent,
	// each KiB that the server accepts gives back one second, and time spent waiting for
	// the content's source does not count; the wait for the response gets the full
	// timeout. Default: 130 seconds; negative: no limit.
	Timeout time.Duration

	// StallTimeout bounds how long the server may send nothing while the body of a
	// response is being read. Each KiB received gives back one second, so a server that
	// sends more slowly than that is given up as well. The call then fails with a
	// [*TransportError] that matches os.ErrDeadlineExceeded. Time that the caller takes
	// to read a stream does not count.
	//
	// StallTimeout also bounds, in the same way, how long the server may accept nothing
	// of a request that is being sent and, if the transport is ultimately an
	// [http.Transport], how long a proxy may leave CONNECT unanswered. Default: 2
	// minutes; negative: no limit.
	StallTimeout time.Duration

	// ReadAttempts is how many times a read-only call is tried if the server
	// is busy or the connection breaks. Writes are never repeated.
	// Default: 4; 1: never repeat.
	ReadAttempts int

	// Hook is called around each request. Default: none.
	Hook Hook

	// Wire receives each request and its response as text, for troubleshooting: headers
	// and XML, and with them addresses, subjects and names. Each exchange is one Write,
	// made when the response has been read or given up. An error of the writer is
	// ignored; a writer that blocks holds up the call.
	//
	// Credentials are struck out, both those that the transport adds and those that a
	// server echoes, if the transport is from package auth or returns its request in the
	// response; in any header it adds, words of at least 16 characters count as
	// credentials. Contents of messages, comments and any other text of more than 1 KiB
	// are replaced by their length. A request or response is cut off after 4 MiB.
	// Default: none.
	Wire io.Writer

	// WireBodies shows the contents of messages on Wire as well: bodies, attachments,
	// MIME, exported items. Credentials stay struck out. It requires Wire.
	WireBodies bool

	// Logger receives one record per call at level Debug, and one per refusal at level
	// Warn: operation, mailbox, status, request ids, duration; never credentials, sender
	// addresses, subjects or content. A refusal that the caller expects is logged at
	// level Debug, too. Each record is logged with the context of the call. The keys are
	// explained in the documentation of package quarantine/exchange. Default: discard.
	Logger *slog.Logger
}

// Client talks to one EWS endpoint as one account. Its methods may be called
// concurrently.
type Client struct {
	*settings
	mailbox     string
	view        bool // made by Impersonating or ForMailbox
	impersonate bool
	hooks       []Hook // in addition to that of the settings
	state       *mailboxState
	affinity    *Affinity // nil: to the server of the mailbox
}

// settings are what all views of a client share.
type settings struct {
	endpoint  atomic.Pointer[url.URL] // nil until found by discover
	discover  func(context.Context) (string, error)
	transport http.RoundTripper
	limiter   Limiter
	payer     string
	userAgent string
	timeout   time.Duration
	stall     time.Duration
	attempts  int
	log       *slog.Logger
	hook      Hook
	wire      *wirelog.Log[*wireText] // nil: not wanted
	states    *mailboxStates
	noChunks  atomic.Bool // something on the way refuses chunked requests
}

const (
	ownUserAgent    = "ewsquarantine/1"
	defaultTimeout  = 130 * time.Second
	defaultStall    = 2 * time.Minute
	defaultAttempts = 4
)

// NewClient returns a client for an endpoint such as
// https://mail.example.com/EWS/Exchange.asmx. It does no I/O and copies opts; nil means
// the defaults. The endpoint must be an absolute http or https URL with a host and path
// and without user information or a fragment; it must be empty if Options.Discover is
// set.
func NewClient(endpoint string, opts *Options) (*Client, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	s := &settings{
		discover:  o.Discover,
		transport: o.Transport,
		limiter:   o.Limiter,
		payer:     o.Payer,
		timeout:   cmp.Or(o.Timeout, defaultTimeout),
		stall:     cmp.Or(o.StallTimeout, defaultStall),
		attempts:  cmp.Or(o.ReadAttempts, defaultAttempts),
		log:       o.Logger,
		hook:      o.Hook,
	}
	switch {
	case o.Discover == nil:
		u, err := parseEndpoint(endpoint)
		if err != nil {
			return nil, err
		}
		s.endpoint.Store(u)
	case endpoint != "":
		return nil, errors.New("ews: both an endpoint and Options.Discover are given; use only one of them")
	}
	if s.transport == nil {
		s.transport = newTransport()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.attempts < 0 {
		return nil, fmt.Errorf("ews: Options.ReadAttempts is %d; it must not be negative", s.attempts)
	}
	var err error
	if s.userAgent, err = useragent.Join(o.UserAgent, ownUserAgent); err != nil {
		return nil, fmt.Errorf("ews: Options.UserAgent %w", err)
	}
	if o.WireBodies && o.Wire == nil {
		return nil, errors.New("ews: Options.WireBodies is set without Wire; set Wire as well, or leave it out")
	}
	if o.Wire != nil {
		s.wire = wirelog.New(o.Wire, func() *wireText { return &wireText{bodies: o.WireBodies} })
	}
	newest := cmp.Or(o.MaxVersion, Exchange2013SP1)
	if newest < Exchange2010 || newest > Exchange2013SP1 {
		return nil, fmt.Errorf("ews: Options.MaxVersion is %v; it must be one of this package's versions", newest)
	}
	s.states = newMailboxStates(newest)
	return &Client{settings: s, state: s.states.of("")}, nil
}

// parseEndpoint does not quote the URL in errors: it may contain a password.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	const like = ": use an absolute URL such as https://mail.example.com/EWS/Exchange.asmx (setting ewsUrl)"
	switch {
	case err != nil:
		return nil, errors.New("ews: the endpoint is not a URL" + like)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("ews: the endpoint is not an http or https URL" + like)
	case u.Hostname() == "":
		return nil, errors.New("ews: the endpoint has no host" + like)
	case u.User != nil:
		return nil, errors.New("ews: the endpoint contains user information; credentials belong in the transport" + like)
	case u.Path == "":
		return nil, errors.New("ews: the endpoint has no path" + like)
	case u.Fragment != "":
		return nil, errors.New("ews: the endpoint has a fragment" + like)
	}
	return u, nil
}

// newTransport returns the default transport.
func newTransport() *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		Protocols:           protocols,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second,
	}
}

// Impersonating returns a view of the client that acts as the owner of a
// mailbox, given by its primary SMTP address: each request carries the
// ExchangeImpersonation header and X-AnchorMailbox, and is charged to that
// mailbox. The account needs the ApplicationImpersonation right.
func (c *Client) Impersonating(address string) *Client {
	return &Client{settings: c.settings, hooks: c.hooks, mailbox: address, view: true, impersonate: true, state: c.states.of(address)}
}

// ForMailbox returns a view of the client for working in a mailbox as a
// delegate: each request carries X-AnchorMailbox and is charged to
// Options.Payer. Every [DistinguishedFolder] must also name the mailbox.
func (c *Client) ForMailbox(address string) *Client {
	return &Client{settings: c.settings, hooks: c.hooks, mailbox: address, view: true, state: c.states.of(address)}
}

// Mailbox returns the address of the view's mailbox. It is empty for the client that
// NewClient returned.
func (c *Client) Mailbox() string { return c.mailbox }

// Version returns the schema version that the next request of this view will carry:
// Options.MaxVersion until the server turns out to be older.
func (c *Client) Version() Version { return c.state.version() }

// Build returns the build of the server that last answered for this view's
// mailbox, or zero if none has.
func (c *Client) Build() Build { return c.state.lastBuild() }

func (c *Client) payingMailbox() string {
	if c.impersonate {
		return c.mailbox
	}
	return c.payer
}

// headerSafe reports whether a header field can carry s.
func headerSafe(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7F {
			return false
		}
	}
	return true
}
