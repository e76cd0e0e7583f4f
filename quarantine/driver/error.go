package driver

import "errors"

// Error tells the engine what an error means. A driver wraps its mail system's answer.
// Flags that are not set mean the worst case: the call may have taken effect, the server
// may still be working on it, and the same call will not succeed later.
//
// The errors [ErrGone], [ErrConflict], [ErrUnreachable] and [ErrNoDirectory]
// may be wrapped in it or returned on their own.
type Error struct {
	// Err is the underlying error, whose text becomes the text of the Error.
	Err error

	// Untouched means that the call changed nothing and cannot change anything
	// later, because it was never sent or the server refused it.
	Untouched bool

	// Answered means that the server has answered, if only with a refusal, so it
	// is no longer working on the call. After an unanswered call that may have
	// made a copy, the engine waits before it tries again.
	Answered bool

	// Temporary means that the same call may succeed later.
	Temporary bool

	// Cause is the reason, as far as the server reports it.
	Cause Cause

	// Code is the server's own error code, for receipts. Default: none.
	Code string
}

// Error returns the text of the wrapped error.
func (e *Error) Error() string {
	if e.Err == nil {
		return "quarantine: the driver did not say what went wrong"
	}
	return e.Err.Error()
}

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Untouched reports whether a failed call certainly had no effect and never
// will. For joined errors it must hold for each.
func Untouched(err error) bool { return each(err, func(e *Error) bool { return e.Untouched }) }

// Answered reports whether the server is certainly no longer working on the
// failed call. For joined errors it must hold for each.
func Answered(err error) bool { return each(err, func(e *Error) bool { return e.Answered }) }

// Temporary reports whether the same call may succeed later. For joined errors
// it must hold for each. An error that is not an [Error] may report so with a
// method Temporary, as [context.DeadlineExceeded] does.
func Temporary(err error) bool {
	if !known(err) {
		said, ok := errors.AsType[interface {
			error
			Temporary() bool
		}](err)
		return ok && said.Temporary()
	}
	return each(err, func(e *Error) bool { return e.Temporary })
}

// CauseOf returns why a call failed, or "" if the driver did not say.
func CauseOf(err error) Cause {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Cause
	}
	return ""
}

// CodeOf returns the server's own error code, or "" if there was none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// each reports whether holds is true for every Error in the tree of err, and
// there is at least one. It does not descend into what an Error wraps.
func each(err error, holds func(*Error) bool) bool {
	switch e := err.(type) {
	case *Error:
		return holds(e)
	case interface{ Unwrap() []error }:
		any := false
		for _, part := range e.Unwrap() {
			if !each(part, holds) && known(part) {
				return false
			}
			any = any || known(part)
		}
		return any
	case interface{ Unwrap() error }:
		return each(e.Unwrap(), holds)
	}
	return false
}

// known reports whether the tree of err contains an Error.
func known(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}
