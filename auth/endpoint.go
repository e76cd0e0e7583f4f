package auth

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// endpoint is where credentials may go.
type endpoint struct {
	scheme string
	host   string // lower case, with port
	bare   string // without port
}

// parseEndpoint parses the URL of an EWS endpoint. The error never quotes it,
// because it may contain a password.
func parseEndpoint(raw string) (endpoint, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return endpoint{}, errors.New("auth: ewsUrl is not a URL; use one such as https://mail.example.com/EWS/Exchange.asmx")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return endpoint{}, errors.New("auth: ewsUrl does not begin with https://")
	case u.User != nil:
		return endpoint{}, errors.New("auth: ewsUrl contains a user name; set authentication.username and authentication.password instead")
	case u.Hostname() == "":
		return endpoint{}, errors.New("auth: ewsUrl has no host")
	}
	return newEndpoint(u), nil
}

func newEndpoint(u *url.URL) endpoint {
	e := endpoint{scheme: u.Scheme, bare: strings.ToLower(u.Hostname())}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	e.host = net.JoinHostPort(e.bare, port)
	return e
}

// secure reports whether data sent there cannot be read in transit.
func (e endpoint) secure() bool { return e.scheme == "https" || e.loopback() }

func (e endpoint) loopback() bool {
	if e.bare == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(e.bare)
	return err == nil && addr.Unmap().IsLoopback()
}

// requireSecure refuses an endpoint that would expose credentials on the network,
// unless the option was set.
func (e endpoint) requireSecure(scheme, option string, allowed bool) error {
	if e.secure() || allowed {
		return nil
	}
	return fmt.Errorf("auth: %s would send credentials to %s over plain HTTP, where anyone can read them; use https in ewsUrl (or allow it with allowPlainHTTP, which is %s)", scheme, e.host, option)
}

// admit refuses a request that does not go to the endpoint.
func (e endpoint) admit(scheme string, req *http.Request) error {
	refuse := func(where string) error {
		return &AuthError{
			Scheme: scheme, Host: e.host, Unsent: true,
			Message: fmt.Sprintf("the request goes to %s; the credentials are for %s://%s only. If the server redirects there, set ewsUrl to it", where, e.scheme, e.host),
		}
	}
	if req.URL == nil {
		return refuse("nowhere")
	}
	if got := newEndpoint(req.URL); got != e {
		return refuse(got.scheme + "://" + got.host)
	}
	if req.Host == "" {
		return nil
	}
	// A Host header with another name would reach another site on the same server.
	if got := newEndpoint(&url.URL{Scheme: e.scheme, Host: req.Host}); got != e {
		return refuse("a virtual host " + got.host)
	}
	return nil
}
