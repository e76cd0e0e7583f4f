package auth

import (
	"context"
	"errors"
	"net/http"
)

// maxSignIns bounds the new connections tried for one request.
const maxSignIns = 3

var errBodySpent = errors.New("auth: the connection ended before the request was sent, and the body cannot be read again; set http.Request.GetBody")

// RoundTrip implements [http.RoundTripper].
func (t *NTLMTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.sent.AddProxy(t.template, req)
	t.sent.Announce(req.Context())
	body := newRequestBody(req)
	resp, err := t.roundTrip(req, body)
	body.settle(err != nil)
	if err != nil {
		return nil, t.sent.Error(err)
	}
	resp.Request = req
	return resp, nil
}

func (t *NTLMTransport) roundTrip(req *http.Request, body *requestBody) (*http.Response, error) {
	t.requests.Add(1)
	if err := t.endpoint.admit(t.scheme.Load().(string), req); err != nil {
		return nil, err
	}
	if err := t.checkProxy(req); err != nil {
		return nil, err
	}
	ctx := req.Context()
	if err := t.room.Acquire(ctx, 1); err != nil {
		return nil, notSent(context.Cause(ctx))
	}
	s, resp, err := t.exchange(req, body)
	if err != nil {
		t.room.Release(1)
		return nil, err
	}
	if resp.Body == http.NoBody {
		t.put(s, !resp.Close)
		return resp, nil
	}
	resp.Body = &answerBody{ReadCloser: resp.Body, done: func(reusable bool) {
		t.put(s, reusable && !resp.Close)
	}}
	return resp, nil
}

// exchange finds a session for the request and sends it. It returns the session
// that the response is read from.
func (t *NTLMTransport) exchange(req *http.Request, body *requestBody) (*session, *http.Response, error) {
	var lostSignIn bool
	for signIns, passwords := 0, 1; ; {
		s := t.takeIdle()
		if lostSignIn && s != nil {
			// This one has probably lost its sign-in, too; a new one replaces it.
			s.discard()
			s = nil
		}
		var out outcome
		if s == nil {
			signIns++
			s = t.newSession()
			out = t.signIn(s, req, body)
		} else {
			out.signedIn = true
		}
		if out.signedIn {
			out = t.ask(s, req, body)
		}
		if out.resp != nil {
			return s, out.resp, nil
		}
		s.discard()
		if out.passwordChanged && passwords < maxPasswords {
			passwords++
			signIns-- // nothing was wrong with the connection
		}
		again := lostSignIn
		lostSignIn = errors.Is(out.err, errSignInLost)
		switch {
		case !out.again, signIns >= maxSignIns:
			return nil, nil, out.err
		case lostSignIn && (again || body.spent()):
			return nil, nil, out.err
		}
	}
}

var errSignInLost = errors.New("the server returned 401 on a connection that was signed in")

// ask sends the request on a session that is signed in.
func (t *NTLMTransport) ask(s *session, req *http.Request, body *requestBody) outcome {
	stream, ok := body.next()
	if !ok {
		return outcome{err: notSent(errBodySpent)}
	}
	resp, unsent, err := s.send(withBody(req, stream))
	switch {
	case err != nil && req.Context().Err() != nil && unsent:
		return outcome{err: notSent(err)}
	case err != nil:
		// errSessionGone occurs here only if net/http itself would have repeated the
		// request, because nothing was sent or because its method allows it.
		return outcome{again: unsent || errors.Is(err, errSessionGone), err: markUnsent(err, unsent)}
	case resp.StatusCode == http.StatusUnauthorized:
		drain(resp)
		e := t.authError("a proxy or load balancer may not keep client and server connections paired, or the server may require a sign-in for each request", errSignInLost)
		e.Refused, e.Unsent = true, false
		return outcome{again: true, err: e}
	}
	return outcome{resp: resp}
}

func markUnsent(err error, unsent bool) error {
	if unsent {
		return notSent(err)
	}
	return err
}
