package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// BasicOptions are the settings of [Basic]. nil or the zero value means the
// defaults.
type BasicOptions struct {
	// Transport sends the requests. Default: a private one from NewTransport
	// without options.
	Transport http.RoundTripper

	// SendPasswordOverPlainHTTP allows an endpoint without TLS that is not on
	// this machine. Anyone who listens on the network then learns the password.
	SendPasswordOverPlainHTTP bool
}

// Basic returns a RoundTripper that sends user name and password with every
// request to the host of ewsURL (RFC 7617), without waiting for a challenge, and
// refuses requests to any other. The user name must not contain a colon.
//
// A 401 response is returned as is; ews.Client turns it into an error. After it,
// requests fail with an [*AuthError] as described in the package comment.
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
	return &basic{endpoint: e, cred: cred, next: o.Transport}, nil
}

type basic struct {
	endpoint endpoint
	cred     Credential
	next     http.RoundTripper
	lockout  lockout
}

// RoundTrip implements [http.RoundTripper].
func (b *basic) RoundTrip(req *http.Request) (*http.Response, error) {
	authorised, end, err := b.authorise(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // nothing was written to it
		}
		return nil, err
	}
	defer end(undecided, nil)
	resp, err := b.next.RoundTrip(authorised)
	if err != nil {
		return nil, err
	}
	resp.Request = req // without the password
	end(judge(resp.StatusCode), &AuthError{
		Scheme: "Basic", Host: b.endpoint.host, Refused: true,
		Message: "check authentication.username and authentication.password, that the account is not locked, and that the EWS virtual directory allows Basic",
	})
	return resp, nil
}

// authorise returns a copy of req with the password, and the function to call
// with its outcome.
func (b *basic) authorise(req *http.Request) (*http.Request, func(verdict, *AuthError), error) {
	if err := b.endpoint.admit("Basic", req); err != nil {
		return nil, nil, err
	}
	ctx := req.Context()
	end, err := b.lockout.begin(ctx)
	if err != nil {
		return nil, nil, notSent(err)
	}
	password, err := b.cred.reveal(ctx)
	if err != nil {
		end(undecided, nil)
		return nil, nil, &AuthError{
			Scheme: "Basic", Host: b.endpoint.host, Unsent: true,
			Message: "cannot get the password", Err: err,
		}
	}
	authorised := req.Clone(ctx)
	authorised.Header.Set("Authorization", "Basic "+
		base64.StdEncoding.EncodeToString([]byte(b.cred.username+":"+password)))
	return authorised, end, nil
}

// CloseIdleConnections closes the connections that are not in use.
func (b *basic) CloseIdleConnections() { closeIdle(b.next) }

func closeIdle(rt http.RoundTripper) {
	if c, ok := rt.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
