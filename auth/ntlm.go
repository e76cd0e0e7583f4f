package auth

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// NTLMOptions are the settings of [NTLM]. The zero value, and nil, stand for the
// defaults.
type NTLMOptions struct {
	// Transport holds the connection settings. It is copied for each
	// connection and never used itself; HTTP/2 is switched off in the copies.
	// Its Dial, DialTLS and DialTLSContext must be nil; DialContext and
	// TLSClientConfig are used. Default: as NewTransport without options.
	Transport *http.Transport

	// MaxConnections bounds the connections, and thus the requests in flight.
	// Further requests wait, in order. Connections are made when a request
	// finds none idle, and closed when they were idle for the Transport's
	// IdleConnTimeout. Default: 64.
	MaxConnections int

	// DisableChannelBinding leaves out the channel binding (see [NTLM]). A
	// proxy that ends TLS on the way makes it wrong, and a wrong one is refused
	// even where none would pass.
	DisableChannelBinding bool

	// SendNTLMOverPlainHTTP allows an endpoint without TLS that is not on this
	// machine. Whoever can change what passes on the network may then act as
	// the account.
	SendNTLMOverPlainHTTP bool

	// Workstation is the name of this machine that the server's security log
	// will show. Default: none is sent.
	Workstation string
}

// NTLM returns a RoundTripper that signs in with NTLMv2, under either header
// scheme (NTLM, and Negotiate with plain NTLM messages), to the host of ewsURL
// and refuses requests to any other.
//
// The server authenticates a connection, not a request. So each connection is a
// session of its own: it is signed in once, carries one request at a time, and
// no other identity's requests ever. Over TLS the sign-in is bound to the
// server's certificate (tls-server-end-point, RFC 5929), which servers with
// Extended Protection require and others ignore.
//
// A request is made once. It is sent again only if not a byte of it went out,
// since the server had closed the idle connection meanwhile, or if the server
// answered 401 on a connection that was signed in, so that it did nothing; then
// once, and if the body can be had again. A 401 after a complete handshake is an
// [*AuthError], never an answer. Any other answer to the handshake, such as 503,
// is the answer to the request.
//
// A request with up to 64 KiB of body travels with the last message of the
// handshake. A larger body, or one of unknown length, is sent only when the
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
		return nil, errors.New("auth: NTLMOptions.MaxConnections is negative; leave it 0 for the default")
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
		endpoint: e, cred: cred, opts: o, template: template,
		room: semaphore.NewWeighted(int64(o.MaxConnections)),
	}
	t.scheme.Store(schemeNTLM)
	return t, nil
}

// sessionTemplate returns a copy of t that suits a single HTTP/1.1 connection.
func sessionTemplate(t *http.Transport) (*http.Transport, error) {
	template := t.Clone()
	switch {
	//lint:ignore SA1019 they are read to refuse them
	case t.Dial != nil || t.DialTLS != nil || t.DialTLSContext != nil:
		return nil, errors.New("auth: NTLMOptions.Transport has Dial, DialTLS or DialTLSContext; use DialContext and TLSClientConfig")
	case t.DisableKeepAlives:
		return nil, errors.New("auth: NTLMOptions.Transport has DisableKeepAlives, but NTLM lives in the connection")
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

// NTLMTransport is what [NTLM] returns.
type NTLMTransport struct {
	endpoint endpoint
	cred     Credential
	opts     NTLMOptions
	template *http.Transport

	room    *semaphore.Weighted // one for each connection that may exist
	lockout lockout
	scheme  atomic.Value // of string: the header scheme that works
	// rideOnly is set when the server was seen to close the connection after a
	// sign-in without a body, so that every body has to travel with it.
	rideOnly atomic.Bool

	mu   sync.Mutex
	idle []*session // the last one was used last

	requests, roundTrips, handshakes, open atomic.Int64
}

// NTLMStats counts what an [NTLMTransport] has done.
type NTLMStats struct {
	Requests   int64 // asked of it
	RoundTrips int64 // HTTP exchanges made for them, those of handshakes included
	Handshakes int64 // that came to their end, accepted or refused
	Open       int64 // connections just now
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

// takeIdle returns the session that was used last, so that the others grow old;
// nil if there is none.
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

// put makes a session available, or ends it, and lets the next request go.
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

// forget drops a session whose connection was closed while it was idle.
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
		Message: message, Unsent: true, Err: cause,
	}
}

// checkProxy refuses a proxy that would mix the connections of several users.
func (t *NTLMTransport) checkProxy(req *http.Request) error {
	if t.endpoint.scheme == "https" || t.template.Proxy == nil {
		return nil
	}
	proxy, err := t.template.Proxy(req)
	if err != nil {
		return notSent(fmt.Errorf("auth: the proxy cannot be found out: %w", err))
	}
	if proxy != nil {
		return t.authError("NTLM over plain HTTP does not survive a proxy, which may share connections between users; use https in ewsUrl, or useProxy false", nil)
	}
	return nil
}
