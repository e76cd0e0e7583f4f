package quarantine

import (
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// failureOf returns an error in the form in which it is kept, nil for nil.
func failureOf(err error) *Failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Failure](err); ok && error(f) == err {
		return f
	}
	f := &Failure{Message: err.Error(), Transient: transient(err)}
	if re, ok := errors.AsType[*ews.ResponseError](err); ok {
		f.Code = string(re.Code)
	}
	return f
}

// transient reports whether the same request may succeed later. A strategy that
// does not use EWS tells by a method Temporary.
func transient(err error) bool {
	if t, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err); ok && t.Temporary() {
		return true
	}
	return ews.IsTransient(err) || ews.IsThrottled(err)
}

// unexecuted reports whether a write surely did not happen. A strategy that
// does not use EWS tells by a method NotExecuted.
func unexecuted(err error) bool {
	if n, ok := errors.AsType[interface {
		error
		NotExecuted() bool
	}](err); ok {
		return n.NotExecuted()
	}
	return err != nil && ews.NotExecuted(err)
}

// ambiguous reports whether a write may or may not have happened. An error this
// module knows nothing about counts as one.
func ambiguous(err error) bool { return err != nil && !unexecuted(err) }

// answered reports whether the server has given its answer, if only a refusal:
// then it is not still at work on the request.
func answered(err error) bool {
	if _, ok := errors.AsType[*ews.ResponseError](err); ok {
		return true
	}
	h, ok := errors.AsType[*ews.HTTPError](err)
	return ok && h.Status != 502 && h.Status != 504
}
