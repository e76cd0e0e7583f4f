package autodiscover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultUserAgent is what servers are told if [Options.UserAgent] is empty.
const DefaultUserAgent = "ewsquarantine-autodiscover"

// Options are the settings of a [Client]. The zero value, and nil, stand for
// the defaults.
type Options struct {
	// Transport returns the RoundTripper that signs in at a host, such as
	// "mail.example.com" or "mail.example.com:8443"; nil if no credentials may
	// go there. It is called for hosts that the rule allows and that ask for
	// credentials, and may be called concurrently. Default: none for any host,
	// so that only the JSON service is asked.
	Transport func(host string) http.RoundTripper

	// Anonymous carries the requests that need no credentials and must add none.
	// It follows no redirect. Default: a transport of its own that uses no proxy.
	Anonymous http.RoundTripper

	// AllowedHosts are hosts that are trusted besides those of the mailbox's
	// domain, each with all hosts below it; see also [ExchangeOnline].
	AllowedHosts []string

	// Allow replaces the rule: it says whether a host, a name without a port in
	// lower case, is trusted in the search for the mailbox of an address.
	// AllowedHosts must be empty then.
	Allow func(address, host string) bool

	// Internal prefers the URL that is meant for clients inside of the
	// organisation's network, where the server gives two. Default: the one for
	// clients outside, which is the more likely to have a valid certificate.
	Internal bool

	// Resolver looks up SRV records. Default: net.DefaultResolver.
	Resolver Resolver

	// Timeout bounds each request. Default: 15 seconds.
	Timeout time.Duration

	// UserAgent identifies the program. Default: DefaultUserAgent.
	UserAgent string
}

// Resolver looks up SRV records, as [*net.Resolver] does.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
}

// Client finds EWS URLs. Its methods may be called concurrently.
type Client struct {
	opts Options
}

// NewClient returns a Client. It does no I/O. The error names the option that
// cannot be used.
func NewClient(opts *Options) (*Client, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Timeout < 0 {
		return nil, errors.New("autodiscover: Options.Timeout is negative")
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.Allow != nil && len(o.AllowedHosts) > 0 {
		return nil, errors.New("autodiscover: Options.Allow replaces AllowedHosts; give one of them")
	}
	o.AllowedHosts = slices.Clone(o.AllowedHosts)
	for i, h := range o.AllowedHosts {
		o.AllowedHosts[i] = strings.ToLower(strings.TrimSuffix(h, "."))
		if !validHost(o.AllowedHosts[i]) {
			return nil, fmt.Errorf("autodiscover: Options.AllowedHosts: %q is not the name of a host; give one such as mail.example.com, without scheme, port or path", h)
		}
	}
	if o.Transport == nil {
		o.Transport = func(string) http.RoundTripper { return nil }
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.UserAgent == "" {
		o.UserAgent = DefaultUserAgent
	}
	if o.Anonymous == nil {
		t := &http.Transport{
			DialContext:           (&net.Dialer{Timeout: o.Timeout}).DialContext,
			TLSHandshakeTimeout:   o.Timeout,
			ResponseHeaderTimeout: o.Timeout,
			IdleConnTimeout:       10 * time.Second,
			MaxIdleConnsPerHost:   1,
			ForceAttemptHTTP2:     true,
		}
		o.Anonymous = t
	}
	return &Client{o}, nil
}

// Result is what was found for a mailbox.
type Result struct {
	// EWSURL is the URL of Exchange Web Services. It is HTTPS, and its host is
	// one that the rule allows.
	EWSURL string
	// Address is the address of the mailbox there. It differs from the one asked
	// for if the server redirected to another.
	Address string
	// Source is the URL that told, in the form without a query.
	Source string
	// Attempts are those that failed before, in the order in which they were
	// made.
	Attempts []Attempt
}

// EWSURL returns the URL of Exchange Web Services for the mailbox of an address.
// The error is the cause of a context that ended, or an [*Error].
func (c *Client) EWSURL(ctx context.Context, address string) (string, error) {
	r, err := c.Lookup(ctx, address)
	if err != nil {
		return "", err
	}
	return r.EWSURL, nil
}
