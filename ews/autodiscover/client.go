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

	"github.com/ewsquarantine/ewsquarantine/internal/useragent"
)

// DefaultUserAgent is the User-Agent of requests. It follows [Options.UserAgent], if set.
const DefaultUserAgent = "ewsquarantine-autodiscover"

// Options are the settings of a [Client]; nil or the zero value means the
// defaults.
type Options struct {
	// Transport returns the RoundTripper that authenticates to a host, such as
	// "mail.example.com" or "mail.example.com:8443", or nil if no credentials may go
	// there. It is called, possibly concurrently, only for hosts that the rule allows and
	// that ask for credentials. Default: nil for every host, so only the JSON service is
	// asked.
	Transport func(host string) http.RoundTripper

	// Anonymous carries the requests that need no credentials. It must neither
	// add any nor follow redirects. Default: a private transport without a proxy.
	Anonymous http.RoundTripper

	// AllowedHosts are trusted in addition to the mailbox's domain, each with all
	// hosts below it; see also [ExchangeOnline].
	AllowedHosts []string

	// Allow replaces the rule: it reports whether a host (in lower case, without
	// a port) is trusted when looking for the mailbox of an address. AllowedHosts
	// must then be empty.
	Allow func(address, host string) bool

	// Named reports whether a host (as for Allow) gets credentials even if nothing shows
	// that it is an Exchange server, because somebody has named it. Hosts in AllowedHosts
	// always do. Default: no others.
	Named func(host string) bool

	// Internal prefers the URL for clients inside the organisation's network if the
	// server returns both. By default, the URL for clients outside is preferred, which is
	// more likely to have a valid certificate.
	Internal bool

	// Resolver looks up SRV records. Default: net.DefaultResolver.
	Resolver Resolver

	// Timeout bounds each request. Default: 15 seconds.
	Timeout time.Duration

	// UserAgent names the product that uses the client, such as "Acme-Mail/2.1". It comes
	// first in the header, before DefaultUserAgent. At most 256 bytes of ASCII. Default:
	// none.
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

// NewClient returns a Client. It does no I/O. An error names the invalid option.
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
		return nil, errors.New("autodiscover: Options.Allow replaces AllowedHosts; set only one of them")
	}
	o.AllowedHosts = slices.Clone(o.AllowedHosts)
	for i, h := range o.AllowedHosts {
		o.AllowedHosts[i] = strings.ToLower(strings.TrimSuffix(h, "."))
		if !validHost(o.AllowedHosts[i]) {
			return nil, fmt.Errorf("autodiscover: Options.AllowedHosts: %q is not a host name; give one such as mail.example.com, without scheme, port or path", h)
		}
	}
	if o.Transport == nil {
		o.Transport = func(string) http.RoundTripper { return nil }
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	var err error
	if o.UserAgent, err = useragent.Join(o.UserAgent, DefaultUserAgent); err != nil {
		return nil, fmt.Errorf("autodiscover: Options.UserAgent %w", err)
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
	return &Client{opts: o}, nil
}

// Result is the result of looking for a mailbox.
type Result struct {
	// EWSURL is the URL of Exchange Web Services. It is HTTPS, and the rule allows
	// its host.
	EWSURL string
	// Address is the address of the mailbox there. It differs from the requested
	// one if the server redirected to another.
	Address string
	// Source is the URL, without its query, that returned EWSURL.
	Source string
	// Attempts are the attempts that failed before, in order.
	Attempts []Attempt
	// Grouping is GroupingInformation: mailboxes with the same EWSURL and the same
	// Grouping can share a connection for notifications; see [ews.Affinity]. It is empty
	// if the server does not report it, as before Exchange 2013, or does not support
	// SOAP.
	//
	// [ews.Affinity]: https://pkg.go.dev/github.com/ewsquarantine/ewsquarantine/ews#Affinity
	Grouping string
}

// EWSURL returns the URL of Exchange Web Services for the mailbox of an address.
// Its errors are those of [Client.Lookup].
func (c *Client) EWSURL(ctx context.Context, address string) (string, error) {
	r, err := c.Lookup(ctx, address)
	if err != nil {
		return "", err
	}
	return r.EWSURL, nil
}
