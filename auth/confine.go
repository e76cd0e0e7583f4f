package auth

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// ConfineOptions are the settings of [Confine]. nil or the zero value means the
// defaults.
type ConfineOptions struct {
	// SendOverPlainHTTP accepts an endpoint without TLS on another machine. Anyone on
	// the network in between can then steal the sign-in, and read and change every
	// message. Default: off; loopback addresses are always accepted.
	SendOverPlainHTTP bool

	// Transport is the RoundTripper beneath next, if it is known: its proxy's password is
	// then removed from errors. Default: it is not known.
	Transport http.RoundTripper
}

// Confine returns a RoundTripper for a way to sign in that this package does not
// have, such as Kerberos. Like the others in this package, it lets requests through only
// to the host of the endpoint, so that what next adds to them goes nowhere else.
// The endpoint is a URL such as https://mail.example.com/EWS/Exchange.asmx, or one of
// Autodiscover. A request to another host, whether by its URL or its Host header, fails
// with an [*AuthError], and nothing is sent.
//
// If next passes on the response as an [http.Transport] returns it, two more things hold.
// What next puts into the header, in Authorization or elsewhere, is not shown to the
// caller, and is removed from errors that quote the server. And if next has followed a
// redirect to another host, that is an error.
func Confine(endpoint string, next http.RoundTripper, opts *ConfineOptions) (http.RoundTripper, error) {
	var o ConfineOptions
	if opts != nil {
		o = *opts
	}
	if next == nil {
		return nil, errors.New("auth: Confine needs a RoundTripper; pass the one that signs in")
	}
	e, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if err := e.requireSecure("the sign-in of the program", "ConfineOptions.SendOverPlainHTTP in Go", o.SendOverPlainHTTP); err != nil {
		return nil, err
	}
	return &confined{endpoint: e, next: next, base: o.Transport, sent: new(redact.Secrets)}, nil
}

// confined lets requests through to one host.
type confined struct {
	endpoint endpoint
	next     http.RoundTripper
	base     http.RoundTripper // beneath next; may be nil
	sent     *redact.Secrets   // must not come back in an error
}

// RoundTrip implements [http.RoundTripper].
func (c *confined) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := c.endpoint.admit("external", req); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // nothing was read from it
		}
		return nil, err
	}
	c.sent.AddProxy(c.base, req)
	c.sent.Announce(req.Context())
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, c.sent.Error(err)
	}
	if resp.Request != nil && resp.Request.URL != nil {
		c.remember(req, resp.Request)
		if err := c.endpoint.admit("external", resp.Request); err != nil {
			if resp.Body != nil {
				_ = resp.Body.Close()
			}
			at := newEndpoint(resp.Request.URL)
			return nil, &AuthError{Scheme: "external", Host: c.endpoint.host, Message: fmt.Sprintf("what signs in has gone on to %s://%s; it must not follow redirects, which take the request and the sign-in along", at.scheme, at.host)}
		}
		c.sent.AddHeaders(resp.Request.Header, req.Header)
	}
	resp.Request = req // without what was added
	return resp, nil
}

// shortestWord is the least length, in bytes, of a word of a field that is taken for a
// secret.
const shortestWord = 16

// remember notes what was added to a request as secret, whatever the field is called: it
// signs in.
func (c *confined) remember(req, sent *http.Request) {
	for name, values := range sent.Header {
		for _, value := range values {
			switch {
			case name == "Authorization" || name == "Proxy-Authorization":
				c.sent.AddAuthorization(value)
			case slices.Contains(req.Header[name], value):
				continue
			}
			for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(" \t;,=\"", r) }) {
				if len(word) >= shortestWord {
					c.sent.AddToken(word)
				}
			}
		}
	}
}

// CloseIdleConnections closes the idle connections of the RoundTripper.
func (c *confined) CloseIdleConnections() { closeIdle(c.next) }
