package auth

import "errors"

// unsentError is an error that occurred before the first byte of the request was
// sent. Other packages recognise it by its method NotSent.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }

func (e *unsentError) Unwrap() error { return e.err }

// NotSent reports that no byte of the request has been sent.
func (e *unsentError) NotSent() bool { return true }

// Timeout reports whether the cause is a timeout, for [net/url.Error].
func (e *unsentError) Timeout() bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](e.err)
	return ok && t.Timeout()
}

// notSent marks err as having occurred before the first byte of the request was
// sent.
func notSent(err error) error {
	if _, ok := errors.AsType[*AuthError](err); ok {
		return err
	}
	return &unsentError{err}
}
