package auth

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// NTLMOptions are the settings of [NTLM]. nil or the zero value means the
// defaults.
type NTLMOptions struct {
	// Transport holds the connection settings. It is copied for each
	// connection and never used itself; HTTP/2 is turned off in the copies.
	// Its Dial, DialTLS and DialTLSContext must be nil; DialContext and
	// TLSClientConfig are used. Default: as from NewTransport without options.
	Transport *http.Transport

	// MaxConnections bounds the connections, and thus the requests in flight.
	// Further requests wait, in order. Connections are opened when a request
	// finds none idle, and closed after being idle for the Transport's
	// IdleConnTimeout. Default: 64.
	MaxConnections int

	// DisableChannelBinding leaves out the channel binding (see [NTLM]). A
	// proxy that terminates TLS makes the binding wrong, and a wrong binding
	// is refused even where a sign-in without one would be accepted.
	DisableChannelBinding bool

	// SendNTLMOverPlainHTTP allows an endpoint without TLS that is not on this
	// machine. Anyone who can change network traffic can then act as the
	// account.
	SendNTLMOverPlainHTTP bool

	// Workstation is the name of this machine to appear in the server's security
	// log. Default: none is sent.
	Workstation string
}

// NTLM returns a RoundTripper that signs in to the host of ewsURL with NTLMv2, under
// either header scheme (NTLM, and Negotiate with plain NTLM messages), and refuses
// requests to any other host.
//
// The server authenticates a connection, not a request. So each connection is a
// separate session: it is signed in once, carries one request at a time, and
// never carries requests of another identity. Over TLS, the sign-in is bound to
// the server's certificate (tls-server-end-point, RFC 5929), which servers with
// Extended Protection require and others ignore.
//
// A request is normally sent once. It is sent again only if no byte of it went
// out because the server had closed the idle connection, or if the server
// returned 401 on a signed-in connection and so did nothing; in the latter case
// only once, and only if the body can be read again. A 401 after a complete
// handshake becomes an [*AuthError], never a response. Any other response to the
// handshake, such as 503, is the response to the request.
//
// A request with a body of up to 64 KiB is sent with the last message of the
// handshake. A larger body, or one of unknown length, is sent only once the
// server has accepted the sign-in.
func NTLM(ewsURL string, cred Credential, opts *NTLMOptions) (*NTLMTransport, error) {
	var o NTLMOptions
	if opts != nil {
		o = *opts
	}
	e, err := parseEndpoint(ewsURL)
	if err != nil {
		return nil, err
	}
	if err := e.requireSecure("NTLM", "NTLMOptions.SendNTLMOverPlainHTTP", o.SendNTLMOverPlainHTTP); err != nil {
		return nil, err
	}
	switch {
	case cred.isZero():
		return nil, errors.New("auth: NTLM needs a Credential from NewCredential")
	case o.MaxConnections < 0:
		return nil, errors.New("auth: NTLMOptions.MaxConnections is negative; use 0 for the default")
	case o.MaxConnections == 0:
		o.MaxConnections = 64
	}
	if o.Transport == nil {
		if o.Transport, err = NewTransport(nil); err != nil {
			return nil, err
		}
	}
	template, err := sessionTemplate(o.Transport)
	if err != nil {
		return nil, err
	}
	o.Transport = nil // the template replaces it
	t := &NTLMTransport{
		endpoint: e, cred: cred, opts: o, template: template, lockout: &lockout{changing: cred.changing}, sent: new(redact.Secrets),
		room: semaphore.NewWeighted(int64(o.MaxConnections)),
	}
	t.scheme.Store(schemeNTLM)
	return t, nil
}

// sessionTemplate returns a copy of t that suits a single HTTP/1.1 connection.
func sessionTemplate(t *http.Transport) (*http.Transport, error) {
	template := t.Clone()
	switch {
	//lint:ignore SA1019 they are read only to refuse them
	case t.Dial != nil || t.DialTLS != nil || t.DialTLSContext != nil:
		return nil, errors.New("auth: NTLMOptions.Transport has Dial, DialTLS or DialTLSContext; use DialContext and TLSClientConfig")
	case t.DisableKeepAlives:
		return nil, errors.New("auth: NTLMOptions.Transport has DisableKeepAlives, but NTLM needs persistent connections")
	}
	template.Protocols = new(http.Protocols)
	template.Protocols.SetHTTP1(true)
	template.ForceAttemptHTTP2 = false
	template.TLSNextProto = nil
	if template.TLSClientConfig != nil {
		template.TLSClientConfig.NextProtos = nil // Clone has set it for HTTP/2
	}
	template.MaxConnsPerHost, template.MaxIdleConnsPerHost, template.MaxIdleConns = 1, 1, 1
	if template.IdleConnTimeout == 0 {
		template.IdleConnTimeout = 90 * time.Second
	}
	return template, nil
}

// NTLMTransport is the RoundTripper that [NTLM] returns.
type NTLMTransport struct {
	endpoint endpoint
	cred     Credential
	opts     NTLMOptions
	template *http.Transport

	room    *semaphore.Weighted // one for each connection that may exist
	lockout *lockout            // pointers, so that fmt does not print what they point to
	sent    *redact.Secrets     // must not come back in an error
	scheme  atomic.Value        // of string: the header scheme that works
	// rideOnly is set once the server has closed the connection after a sign-in
	// without a body, so every body must be sent with the sign-in.
	rideOnly atomic.Bool

	mu   sync.Mutex
	idle []*session // most recently used last

	requests, roundTrips, handshakes, open atomic.Int64
}

// NTLMStats counts what an [NTLMTransport] has done.
type NTLMStats struct {
	Requests   int64 // requests received from callers
	RoundTrips int64 // HTTP exchanges made for them, including handshakes
	Handshakes int64 // completed handshakes, accepted or refused
	Open       int64 // connections currently open
}

// Stats returns the counters.
func (t *NTLMTransport) Stats() NTLMStats {
	return NTLMStats{
		Requests:   t.requests.Load(),
		RoundTrips: t.roundTrips.Load(),
		Handshakes: t.handshakes.Load(),
		Open:       t.open.Load(),
	}
}

// CloseIdleConnections closes the connections that are not in use.
func (t *NTLMTransport) CloseIdleConnections() {
	t.mu.Lock()
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	for _, s := range idle {
		s.discard()
	}
}

// takeIdle returns the most recently used session, so that the others can expire,
// or nil if none is idle.
func (t *NTLMTransport) takeIdle() *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.idle) > 0 {
		last := len(t.idle) - 1
		s := t.idle[last]
		t.idle[last] = nil
		t.idle = t.idle[:last]
		if !s.closed() {
			return s
		}
	}
	return nil
}

// put makes a session available again, or ends it, and lets the next request proceed.
func (t *NTLMTransport) put(s *session, reusable bool) {
	if reusable && s.ready && !s.closed() {
		t.mu.Lock()
		t.idle = append(t.idle, s)
		t.mu.Unlock()
	} else {
		s.discard()
	}
	t.room.Release(1)
}

// forget drops a session whose connection was closed while idle.
func (t *NTLMTransport) forget(s *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, other := range t.idle {
		if other == s {
			t.idle = append(t.idle[:i], t.idle[i+1:]...)
			return
		}
	}
}

func (t *NTLMTransport) authError(message string, cause error) *AuthError {
	return &AuthError{
		Scheme: t.scheme.Load().(string), Host: t.endpoint.host,
		Message: t.sent.Strike(message), Unsent: true, Err: t.sent.Error(cause),
	}
}

// checkProxy refuses a proxy that would mix the connections of several users.
func (t *NTLMTransport) checkProxy(req *http.Request) error {
	if t.endpoint.scheme == "https" || t.template.Proxy == nil {
		return nil
	}
	proxy, err := t.template.Proxy(req)
	if err != nil {
		return notSent(fmt.Errorf("auth: cannot determine the proxy: %w", err))
	}
	if proxy != nil {
		return t.authError("NTLM over plain HTTP does not work through a proxy, which may share connections between users; use https in ewsUrl, or set useProxy to false", nil)
	}
	return nil
}
