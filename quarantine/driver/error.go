package driver

import "errors"

// Error is how a driver says what an error means for the engine. A driver wraps
// what its mail system answered; what no flag is set for counts as the worst
// case: the call may have had its effect, the server may still be at work on it,
// and the same call will not succeed later.
//
// The errors [ErrGone], [ErrConflict], [ErrUnreachable] and [ErrNoDirectory] may
// be wrapped in it, or stand alone.
type Error struct {
	// Err is the error itself. Its text becomes that of the Error.
	Err error

	// Untouched: the call has changed nothing and cannot change anything later,
	// because it was never sent or the server refused it.
	Untouched bool

	// Answered: the server has given its answer, if only a refusal, so it is not
	// still at work on the call. After a call that may have made a copy and was
	// not answered, the engine waits before it tries again.
	Answered bool

	// Temporary: the same call may succeed later.
	Temporary bool

	// Cause says why, as far as the server tells.
	Cause Cause

	// Code is the server's own code for the error, for receipts. Default: none.
	Code string
}

// Error returns the text of the wrapped error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Untouched reports whether a call that failed surely had no effect and will
// have none. Of joined errors it must hold for each.
func Untouched(err error) bool { return each(err, func(e *Error) bool { return e.Untouched }) }

// Answered reports whether the server is surely not still at work on the call
// that failed. Of joined errors it must hold for each.
func Answered(err error) bool { return each(err, func(e *Error) bool { return e.Answered }) }

// Temporary reports whether the same call may succeed later. Of joined errors it
// must hold for each.
func Temporary(err error) bool { return each(err, func(e *Error) bool { return e.Temporary }) }

// CauseOf returns why a call failed, as far as the driver said; empty if it did
// not.
func CauseOf(err error) Cause {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Cause
	}
	return ""
}

// CodeOf returns the server's own code for an error, empty if it gave none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// each reports whether a condition holds for each Error that err is made of, and
// whether there is one. What an Error wraps is part of it.
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

// known reports whether an Error is among those that err is made of.
func known(err error) bool {
	_, ok := errors.AsType[*Error](err)
	return ok
}
