package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/useragent"
	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// Defaults of [Options].
const (
	// DefaultRoot is the worldwide cloud, GCC included.
	DefaultRoot = "https://graph.microsoft.com"
	// DefaultAttempts is how often a read is sent at most.
	DefaultAttempts = 4
	// DefaultStall is how long a call may stand still. Graph itself gives up a request
	// sooner.
	DefaultStall = 150 * time.Second
)

// ownAgent is this client's part of the User-Agent header.
const ownAgent = "ewsquarantine-graph"

// Options are the settings of a [Client]. Transport is required.
type Options struct {
	// Root is the address of Graph without a version. It must be https, except on this
	// machine. Default: [DefaultRoot].
	Root string

	// Transport signs in and sends the requests to Root. Required. It must not follow
	// redirects.
	Transport http.RoundTripper

	// ImportTransport sends the requests to import URLs, which must carry no sign-in.
	// Default: an [http.Transport] with the settings of http.DefaultTransport.
	ImportTransport http.RoundTripper

	// Limiter bounds the requests in flight for each mailbox. Default: none.
	Limiter Limiter

	// Budget bounds the requests and bytes over time for each mailbox. Default: none.
	Budget Budget

	// UserAgent names the product, ahead of the client's own name. Default: only the
	// latter.
	UserAgent string

	// Attempts is how often a read is sent at most, and a write that Graph answers with
	// 429. Default: [DefaultAttempts].
	Attempts int

	// Stall is how long a call may go without a byte in either direction. Default:
	// [DefaultStall].
	Stall time.Duration

	// Jitter returns a number in [0, 1) that spreads delays. Default: math/rand/v2.
	Jitter func() float64

	// OnStart is called for each request before it waits for anything, and returns the
	// context of the request; nil means the context that it was given. Default: none.
	OnStart func(context.Context, Call) context.Context

	// OnCall is called for each request when it has been answered or given up, with the
	// context of the request. Default: none.
	OnCall func(context.Context, Call)

	// Wire receives each request and its answer as text. Secrets are struck out, and so
	// are the contents of messages, unless WireBodies is set. Default: none.
	Wire       io.Writer
	WireBodies bool
}

// Call describes a request; the fields after ClientRequestID describe its outcome.
type Call struct {
	Operation       string // as in [Error]
	Payer           string // whose budget it is charged to
	Host            string // to which it is sent
	Attempt         int    // number of the request within this call, from 1
	ClientRequestID string // GUID that Graph logs, too; empty for the import host

	Status    int           // 0: no answer
	RequestID string        // Graph's id of the request; empty if it sent none
	Unsent    bool          // nothing was sent
	BytesOut  int64         // of the body
	BytesIn   int64         // of the body, unpacked
	Waited    time.Duration // for permission to be sent
	Duration  time.Duration // total time, including Waited
	BackOff   time.Duration // requested by Graph; 0: none
	Err       error         // as the caller gets it, unless the request is sent again
}

// Client talks to Graph. It may be used concurrently.
type Client struct {
	root      *url.URL
	transport http.RoundTripper
	imports   http.RoundTripper
	limiter   Limiter
	budget    Budget
	agent     string
	attempts  int
	stall     time.Duration
	jitter    func() float64
	onStart   func(context.Context, Call) context.Context
	onCall    func(context.Context, Call)
	wire      *wirelog.Log[*wireBody] // nil: not wanted
}

// New returns a client. It does no I/O.
func New(opts Options) (*Client, error) {
	if opts.Transport == nil {
		return nil, errors.New("graph: no transport: it is what signs in, for example auth.AzureAD")
	}
	if opts.Root == "" {
		opts.Root = DefaultRoot
	}
	root, err := url.Parse(strings.TrimRight(opts.Root, "/"))
	switch {
	case err != nil:
		return nil, errors.New("graph: the root is not a URL")
	case root.Host == "" || root.User != nil || root.RawQuery != "" || root.Fragment != "" || root.Path != "":
		return nil, fmt.Errorf("graph: the root must be scheme and host alone, like %s", DefaultRoot)
	case !private(root):
		return nil, errors.New("graph: the root must begin with https://")
	}
	if opts.Attempts < 0 || opts.Stall < 0 {
		return nil, errors.New("graph: Attempts and Stall must not be negative")
	}
	agent, err := useragent.Join(opts.UserAgent, ownAgent)
	if err != nil {
		return nil, fmt.Errorf("graph: the user agent: %w", err)
	}
	c := &Client{
		root: root, transport: opts.Transport, imports: opts.ImportTransport, limiter: opts.Limiter, budget: opts.Budget,
		agent: agent, attempts: opts.Attempts, stall: opts.Stall, jitter: opts.Jitter, onStart: opts.OnStart, onCall: opts.OnCall,
	}
	if opts.Wire != nil {
		c.wire = wirelog.New(opts.Wire, func() *wireBody { return &wireBody{bodies: opts.WireBodies} })
	}
	c.defaults()
	return c, nil
}

func (c *Client) defaults() {
	if c.imports == nil {
		c.imports = http.DefaultTransport.(*http.Transport).Clone()
	}
	if c.attempts == 0 {
		c.attempts = DefaultAttempts
	}
	if c.stall == 0 {
		c.stall = DefaultStall
	}
	if c.jitter == nil {
		c.jitter = defaultJitter
	}
	if c.onStart == nil {
		c.onStart = func(ctx context.Context, _ Call) context.Context { return ctx }
	}
	if c.onCall == nil {
		c.onCall = func(context.Context, Call) {}
	}
}

// Host returns the host that the client signs in to.
func (c *Client) Host() string { return c.root.Host }

// private reports whether traffic to a URL cannot be read on the way.
func private(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// own reports whether a URL leads to the host that the client signs in to.
func (c *Client) own(u *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.User == nil && u.Scheme == c.root.Scheme && strings.EqualFold(u.Hostname(), c.root.Hostname()) && port(u) == port(c.root)
}
