package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// BasicOptions are the settings of [Basic]. nil or the zero value means the
// defaults.
type BasicOptions struct {
	// Transport sends the requests. Default: a private one from NewTransport
	// without options.
	Transport http.RoundTripper

	// SendPasswordOverPlainHTTP allows an endpoint without TLS that is not on
	// this machine. Anyone who listens in on the network then learns the password.
	SendPasswordOverPlainHTTP bool
}

// Basic returns a RoundTripper that sends user name and password with every
// request to the host of ewsURL (RFC 7617), without waiting for a challenge, and
// refuses requests to any other. The user name must not contain a colon.
//
// After a 401 the source of the credentials is asked again; if it returns another
// password, the request is sent with that one. Otherwise the response is returned as
// is, and ews.Client turns it into an error. Later requests then fail with an
// [*AuthError], as described in the package comment.
func Basic(ewsURL string, cred Credential, opts *BasicOptions) (http.RoundTripper, error) {
	var o BasicOptions
	if opts != nil {
		o = *opts
	}
	e, err := parseEndpoint(ewsURL)
	if err != nil {
		return nil, err
	}
	if err := e.requireSecure("Basic", "BasicOptions.SendPasswordOverPlainHTTP", o.SendPasswordOverPlainHTTP); err != nil {
		return nil, err
	}
	if cred.isZero() {
		return nil, errors.New("auth: Basic needs a Credential from NewCredential")
	}
	if strings.Contains(cred.username, ":") {
		return nil, errors.New(`auth: authentication.username contains ":", which Basic does not allow; use "ntlm" as authentication.type or another form of the name`)
	}
	if o.Transport == nil {
		if o.Transport, err = NewTransport(nil); err != nil {
			return nil, err
		}
	}
	return &basic{endpoint: e, cred: cred, next: o.Transport, lockout: &lockout{changing: cred.changing}, sent: new(redact.Secrets)}, nil
}

type basic struct {
	endpoint endpoint
	cred     Credential
	next     http.RoundTripper
	lockout  *lockout        // pointers, so that fmt does not print what they point to
	sent     *redact.Secrets // must not come back in an error
}

// maxPasswords bounds how many passwords are tried for one request: the source may
// return another after each refusal.
const maxPasswords = 5

// RoundTrip implements [http.RoundTripper].
func (b *basic) RoundTrip(req *http.Request) (*http.Response, error) {
	b.sent.AddProxy(b.next, req)
	b.sent.Announce(req.Context())
	body := newRequestBody(req)
	resp, err := b.roundTrip(req, body)
	body.settle(err != nil)
	if err != nil {
		return nil, b.sent.Error(err)
	}
	resp.Request = req // without the password
	return resp, nil
}

func (b *basic) roundTrip(req *http.Request, body *requestBody) (*http.Response, error) {
	if err := b.endpoint.admit("Basic", req); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		resp, err := b.try(req, body)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || !b.lockout.another(req.Context(), b.cred.reveal) {
			return resp, err
		}
		last := n == maxPasswords
		if last && !b.lockout.proved() {
			return resp, nil
		}
		drain(resp)
		if last || body.spent() {
			return nil, passwordChanged("Basic", b.endpoint.host, last)
		}
	}
}

// try sends the request once.
func (b *basic) try(req *http.Request, body *requestBody) (*http.Response, error) {
	ctx := req.Context()
	attempt, err := b.lockout.begin(ctx, b.cred.reveal)
	if failed, ok := errors.AsType[*sourceError](err); ok {
		return nil, &AuthError{
			Scheme: "Basic", Host: b.endpoint.host, Unsent: true,
			Message: "cannot get the password", Err: failed.err,
		}
	}
	if errors.Is(err, errSigningIn) {
		return nil, signInUnderWay("Basic", b.endpoint.host)
	}
	if err != nil {
		return nil, notSent(err)
	}
	defer attempt.end(undecided, nil)
	stream, ok := body.next()
	if !ok {
		return nil, notSent(errBodySpent)
	}
	password := attempt.password()
	b.sent.Add(b.cred.username, password)
	authorised := req.Clone(ctx)
	authorised.Body = stream
	authorised.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(b.cred.username+":"+password)))
	resp, err := b.next.RoundTrip(authorised)
	if err != nil {
		return nil, err
	}
	attempt.end(judge(resp.StatusCode), &AuthError{
		Scheme: "Basic", Host: b.endpoint.host, Refused: true,
		Message: "check authentication.username and authentication.password, that the account is not locked, and that the EWS virtual directory allows Basic",
	})
	return resp, nil
}

// CloseIdleConnections closes the connections that are not in use.
func (b *basic) CloseIdleConnections() { closeIdle(b.next) }

func closeIdle(rt http.RoundTripper) {
	if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
