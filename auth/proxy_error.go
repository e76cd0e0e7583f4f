package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// ProxyError reports that a proxy did not connect to the server (CONNECT, RFC 9110,
// section 9.3.6). The server has not seen the request.
type ProxyError struct {
	Proxy   string   // host and port of the proxy
	Server  string   // host and port that it was asked to connect to
	Status  int      // of the proxy's response
	Schemes []string // from Proxy-Authenticate, such as Basic and NTLM
	Detail  string   // the proxy's explanation, shortened; may be empty

	signedIn bool // a user name and a password were sent to the proxy
}

// Error returns what the proxy refused and what to do.
func (e *ProxyError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "auth: the proxy %s did not connect to %s: HTTP %d", e.Proxy, e.Server, e.Status)
	if e.Detail != "" {
		fmt.Fprintf(&b, ", %q", e.Detail)
	}
	offers := func(scheme string) bool {
		return slices.ContainsFunc(e.Schemes, func(s string) bool { return strings.EqualFold(s, scheme) })
	}
	switch {
	case e.Status == http.StatusProxyAuthRequired && len(e.Schemes) > 0 && !offers("Basic"):
		fmt.Fprintf(&b, ". It offers %q for signing in, but only Basic is supported with proxies: let this machine through without signing in, enable Basic, or set useProxy to false", e.Schemes)
	case e.Status == http.StatusProxyAuthRequired && e.signedIn:
		b.WriteString(". It refused the user name and password in proxyUrl: correct them")
	case e.Status == http.StatusProxyAuthRequired:
		b.WriteString(". It asks for a user name and a password: put them into proxyUrl (http://USER:PASSWORD@HOST:PORT)")
	case e.Status == http.StatusForbidden:
		b.WriteString(". It does not allow connections to that host and port: allow them in the proxy, or set useProxy to false")
	case e.Status >= 500:
		b.WriteString(". It cannot reach the server: check ewsUrl, and the network between proxy and server")
	default:
		b.WriteString("; check useProxy and proxyUrl")
	}
	return b.String()
}

// NotSent reports that no byte of the request has been sent to the server.
func (e *ProxyError) NotSent() bool { return true }

// Unauthorized reports whether the proxy refused the user name and password, or there
// were none. Trying them again is pointless, and locks accounts.
func (e *ProxyError) Unauthorized() bool { return e.Status == http.StatusProxyAuthRequired }

// Lasting reports whether the proxy will refuse the next request as well.
func (e *ProxyError) Lasting() bool { return e.Status >= 400 && e.Status < 500 }

// onConnect turns a proxy's refusal into an error, for
// [http.Transport.OnProxyConnectResponse].
func onConnect(_ context.Context, proxy *url.URL, req *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	var sent redact.Secrets
	authorization := req.Header.Get("Proxy-Authorization")
	sent.AddAuthorization(authorization)
	_, reason, _ := strings.Cut(resp.Status, " ")
	e := &ProxyError{
		Proxy: proxy.Host, Server: req.Host, Status: resp.StatusCode, signedIn: authorization != "",
		Detail: shorten(sent.Strike(reason)),
	}
	e.Schemes = schemesOf(resp.Header.Values("Proxy-Authenticate"), sent.Strike)
	return e
}
