package auth

import (
	"errors"
	"io"
	"net/http"
)

// rideLimit is the largest body sent with the last message of a handshake, before
// the server has accepted the sign-in.
const rideLimit = 64 << 10

// outcome is the result of one attempt at a request.
type outcome struct {
	resp *http.Response // the response for the caller
	err  error          // final, unless again is set
	// again is set if the server certainly did not carry out the request, so it
	// may be tried on another connection; err is the reason.
	again bool
	// passwordChanged is set with again if there is a password other than the one
	// refused.
	passwordChanged bool
	// signedIn is set if the session is ready for the request itself.
	signedIn bool
}

// withoutBody returns a copy of req for the handshake, with the same URL and
// headers but nothing to act upon.
func withoutBody(req *http.Request) *http.Request {
	r := req.Clone(req.Context())
	r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0
	r.TransferEncoding, r.Trailer = nil, nil
	for _, name := range []string{"Expect", "Content-Encoding", "Trailer", "Content-Length"} {
		r.Header.Del(name)
	}
	return r
}

// withBody returns a copy of req for one attempt.
func withBody(req *http.Request, body io.ReadCloser) *http.Request {
	r := req.Clone(req.Context())
	r.Body, r.GetBody = body, nil // this package decides about further attempts
	r.Header.Del("Authorization")
	return r
}

// begin waits until an attempt to sign in may be made.
func (t *NTLMTransport) begin(req *http.Request) (*attempt, error) {
	a, err := t.lockout.begin(req.Context(), t.cred.reveal)
	if failed, ok := errors.AsType[*sourceError](err); ok {
		return nil, t.authError("cannot get the password", failed.err)
	}
	if errors.Is(err, errSigningIn) {
		return nil, signInUnderWay(t.scheme.Load().(string), t.endpoint.host)
	}
	if err != nil {
		return nil, notSent(err)
	}
	return a, nil
}

// signIn runs the handshake on a new session. If the request can ride along, the
// outcome is its response; otherwise it is a session that is signed in for it.
func (t *NTLMTransport) signIn(s *session, req *http.Request, body *requestBody) outcome {
	attempt, err := t.begin(req)
	if err != nil {
		return outcome{err: err}
	}
	defer func() { attempt.end(undecided, nil) }()
	challenge, binding, out := t.negotiate(s, req)
	if challenge == nil {
		return out
	}
	if now, err := t.cred.reveal(req.Context()); attempt.outdated() || err == nil && now != attempt.password() {
		// It has changed in the meantime, or other requests were refused with it; this one
		// would be, too.
		attempt.end(undecided, nil)
		other, err := t.begin(req)
		if err != nil {
			return outcome{err: err}
		}
		attempt = other
	}
	password := attempt.password()
	msg, err := authenticateMessage(challenge, binding, t.cred.username, password, t.opts.Workstation)
	if err != nil {
		return outcome{err: t.authError("the handshake failed", err)}
	}
	t.sent.Add(t.cred.username, password)
	addResponses(t.sent, msg)
	rides := t.rideOnly.Load() || body.empty() || req.ContentLength > 0 && req.ContentLength <= rideLimit
	last := withoutBody(req)
	if rides {
		stream, ok := body.next()
		if !ok {
			return outcome{err: notSent(errBodySpent)}
		}
		last = withBody(req, stream)
	}
	last.Header.Set("Authorization", authorization(t.scheme.Load().(string), msg))
	resp, unsent, err := s.send(last)
	switch {
	case err != nil && unsent:
		return outcome{again: true, err: t.authError("the server closed the connection in the middle of the handshake; it must keep connections open", err)}
	case err != nil && !rides:
		return outcome{err: notSent(err)}
	case err != nil:
		return outcome{err: err}
	}
	t.handshakes.Add(1)
	if resp.StatusCode == http.StatusUnauthorized {
		drain(resp)
		refusal := t.authError(t.refusedMessage(binding), nil)
		refusal.Refused, refusal.Unsent = true, !rides
		attempt.end(refused, refusal)
		return t.afterRefusal(req, body, refusal)
	}
	verdict := judge(resp.StatusCode)
	attempt.end(verdict, nil)
	s.ready = verdict == accepted
	if rides {
		return outcome{resp: resp}
	}
	if !drain(resp) {
		t.rideOnly.Store(true)
	}
	return outcome{signedIn: true}
}

// afterRefusal returns the outcome after a refusal: another attempt, if there is another
// password.
func (t *NTLMTransport) afterRefusal(req *http.Request, body *requestBody, refusal *AuthError) outcome {
	switch {
	case !t.lockout.another(req.Context(), t.cred.reveal):
		return outcome{err: refusal}
	case body.spent():
		return outcome{err: passwordChanged(refusal.Scheme, refusal.Host, false)}
	}
	last := refusal // of several passwords
	if t.lockout.proved() {
		last = passwordChanged(refusal.Scheme, refusal.Host, true)
	}
	return outcome{again: true, passwordChanged: true, err: last}
}

// negotiate sends the first message. It returns the server's challenge and the
// channel binding to respond with; without a challenge, out is the outcome.
func (t *NTLMTransport) negotiate(s *session, req *http.Request) (challenge, binding []byte, out outcome) {
	fail := func(err error) ([]byte, []byte, outcome) { return nil, nil, outcome{err: err} }
	msg, err := negotiateMessage()
	if err != nil {
		return fail(t.authError("the handshake failed", err))
	}
	scheme := t.scheme.Load().(string)
	first := withoutBody(req)
	first.Header.Set("Authorization", authorization(scheme, msg))
	resp, _, err := s.send(first)
	if err != nil {
		return nil, nil, outcome{again: errors.Is(err, errSessionGone), err: notSent(err)}
	}
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized:
	case code < 300, code == http.StatusInternalServerError:
		// The server requires no sign-in, but its response to a request without
		// content is not the response to ours.
		drain(resp)
		s.ready = true
		return nil, nil, outcome{signedIn: true}
	default:
		return nil, nil, outcome{resp: resp} // it applies to the request, too
	}
	challenge, err = challengeFrom(resp.Header, scheme, t.sent.Strike)
	kept := drain(resp)
	switch {
	case errors.Is(err, errOtherScheme):
		other := map[string]string{schemeNTLM: schemeNegotiate, schemeNegotiate: schemeNTLM}[scheme]
		t.scheme.CompareAndSwap(scheme, other)
		return nil, nil, outcome{again: true, err: t.authError("the server does not offer NTLM or Negotiate consistently", nil)}
	case err != nil:
		e := t.authError("the handshake failed", err)
		e.Refused = true
		return fail(e)
	case !kept:
		return nil, nil, outcome{again: true, err: t.authError("the server closed the connection in the middle of the handshake, or sent a page of more than 1 MiB with its challenge; it must keep connections open", nil)}
	}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 && !t.opts.DisableChannelBinding {
		binding = channelBinding(resp.TLS.PeerCertificates[0])
	}
	return challenge, binding, outcome{}
}

// refusedMessage returns what to check after a refusal.
func (t *NTLMTransport) refusedMessage(binding []byte) string {
	const account = "the server refused the sign-in (401 after a complete handshake). Check authentication.username (DOMAIN\\user or user@example.com) and authentication.password, and that the account is enabled, not locked and not expired. "
	switch {
	case binding != nil:
		return account + "If they are right, something between here and the server may end TLS (a proxy, a load balancer, an inspecting firewall), which makes the channel binding wrong: try NTLMOptions.DisableChannelBinding (authentication.disableChannelBinding). Where the server requires Extended Protection behind such a device, no client can sign in"
	case t.opts.DisableChannelBinding:
		return account + "If they are right, the server may require Extended Protection: do not set NTLMOptions.DisableChannelBinding (authentication.disableChannelBinding)"
	case t.endpoint.scheme == "http":
		return account + "If they are right, the server may require Extended Protection, which needs https in ewsUrl"
	default:
		return account + "If they are right, the server may require Extended Protection, for which its TLS certificate must have a signature that uses a hash (RFC 5929)"
	}
}
