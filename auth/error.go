package auth

import "fmt"

// AuthError reports that a request was not carried out because signing in
// failed, or would have been unsafe. There is no point in repeating the request
// unchanged, unless the error is Temporary.
//
// Callers that must not import this package can recognise it by its methods
// Unauthorized, NotSent and NotExecuted.
type AuthError struct {
	Scheme string // "Basic", "NTLM", "Negotiate" or "Bearer"
	Host   string // host and port of the endpoint

	// Message says, for humans, what happened and what to check. It names
	// settings, never their secret values.
	Message string

	Refused bool  // the server refused the credentials, now or before
	Unsent  bool  // no byte of the request has been sent
	Err     error // cause, if any

	// changed is set if the server refused a password that has been replaced since, but
	// the request cannot be sent again.
	changed bool
	// waited is set if another request was still signing in.
	waited bool
}

// passwordChanged returns the error of a request that was refused with an old password
// and that is not sent again because it was sent with several, or because its body is
// spent.
func passwordChanged(scheme, host string, several bool) *AuthError {
	why := "the body of the request cannot be read again"
	if several {
		why = "it changes too often"
	}
	return &AuthError{
		Scheme: scheme, Host: host, changed: true,
		Message: "the server refused the old password, and there is a new one, but " + why + "; make the request again",
	}
}

// signInUnderWay returns the error of a request that was not sent because another one is
// still signing in.
func signInUnderWay(scheme, host string) *AuthError {
	return &AuthError{
		Scheme: scheme, Host: host, Unsent: true, waited: true,
		Message: fmt.Sprintf("a sign-in is under way: another request has been sent with the user name and password, which have not worked yet, and it has not been answered. "+
			"So that the account is not locked, this one was not sent after waiting for %v; make it again, and check that the server answers", maxWait),
	}
}

// Error returns the message and the cause.
func (e *AuthError) Error() string {
	s := "auth: " + e.Scheme + " at " + e.Host + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// Unauthorized reports whether the server refused the credentials, now or before.
// The request was not carried out, whether it was sent or not.
func (e *AuthError) Unauthorized() bool { return e.Refused }

// NotSent reports whether no byte of the request, as opposed to the sign-in
// before it, has been sent.
func (e *AuthError) NotSent() bool { return e.Unsent }

// NotExecuted reports whether it is certain that the server did not carry out the request.
func (e *AuthError) NotExecuted() bool { return e.Refused || e.Unsent || e.changed }

// Temporary reports whether the same request may succeed if it is made again now: either
// the server refused it with an old password, and there is another; or it was not sent,
// because another request was still signing in with a password that has not worked yet.
func (e *AuthError) Temporary() bool { return e.changed || e.waited }

// unsent returns a copy of e for a request that was not even sent.
func (e *AuthError) unsent(message string) *AuthError {
	c := *e
	c.Unsent = true
	c.Message = message
	return &c
}
