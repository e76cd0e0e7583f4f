package auth

// AuthError reports that a request was not carried out because signing in
// failed, or would have been unsafe. There is no point in repeating it unchanged,
// unless it is Temporary.
//
// Callers that must not import this package can recognise it by its methods
// Unauthorized, NotSent and NotExecuted.
type AuthError struct {
	Scheme string // "Basic", "NTLM", "Negotiate" or "Bearer"
	Host   string // host and port of the endpoint

	// Message says what happened and what to check, for humans. It names
	// settings, never their secret values.
	Message string

	Refused bool  // the server refused the credentials, now or before
	Unsent  bool  // no byte of the request has been sent
	Err     error // cause, if any

	// changed is set if the server refused a password in place of which there is
	// another by now, but the request cannot be sent again.
	changed bool
}

// passwordChanged returns the error of a request that was refused with an old password
// and that is not sent again: it was sent with several, or its body is spent.
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

// NotExecuted reports whether the server certainly did not carry out the request.
func (e *AuthError) NotExecuted() bool { return e.Refused || e.Unsent || e.changed }

// Temporary reports whether the same request may succeed if it is made again now: the
// server refused it with an old password, and there is another.
func (e *AuthError) Temporary() bool { return e.changed }

// unsent returns a copy of e for a request that was not even sent.
func (e *AuthError) unsent(message string) *AuthError {
	c := *e
	c.Unsent = true
	c.Message = message
	return &c
}
