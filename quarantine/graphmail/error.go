package graphmail

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// translate converts an error into a [driver.Error] for the engine. Every method that the
// engine calls returns its errors through it.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, done := err.(*driver.Error); done {
		return err
	}
	e := &driver.Error{Err: err, Cause: causeOf(err)}
	answer, answered := errors.AsType[*graph.Error](err)
	if answered {
		e.Code = answer.Code
		if answer.Inner != "" {
			e.Code = answer.Inner
		}
		e.Untouched, e.Answered, e.Temporary = answer.NotExecuted(), answer.Answered(), answer.Temporary()
	}
	if n, ok := errors.AsType[interface {
		error
		NotExecuted() bool
	}](err); ok {
		e.Untouched = n.NotExecuted() // the outermost error knows most
	}
	if _, doubt := errors.AsType[doubtful](err); doubt {
		e.Untouched, e.Answered = false, false
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Temporary = true
	}
	if !answered && (errors.Is(err, driver.ErrGone) || errors.Is(err, driver.ErrConflict) || errors.Is(err, driver.ErrUnreachable)) {
		e.Untouched, e.Answered = true, true // the driver itself reports this, before it writes
	}
	return e
}

// causeOf returns why a request failed, as far as the error shows it.
func causeOf(err error) driver.Cause {
	answer, ok := errors.AsType[*graph.Error](err)
	switch {
	case ok && graph.Has(answer, "ErrorMailboxMoveInProgress"):
		return driver.CauseMoving
	case errors.Is(err, graph.ErrSignIn):
		return driver.CauseSignIn
	case errors.Is(err, graph.ErrNoMailbox):
		return driver.CauseNoMailbox
	case errors.Is(err, graph.ErrDenied):
		return driver.CauseNoPermission
	case errors.Is(err, graph.ErrGone), errors.Is(err, driver.ErrGone):
		return driver.CauseNotFound
	case ok && answer.Status == 0:
		return driver.CauseUnreachable
	}
	return ""
}

// asGone wraps err in [driver.ErrGone] if Graph reports that something does not exist, or
// that it cannot read the id, which then belongs to another mailbox or system.
func asGone(err error) error {
	if errors.Is(err, graph.ErrGone) || graph.Has(err, graph.CodeInvalidID) {
		return fmt.Errorf("%w: %w", driver.ErrGone, err)
	}
	return err
}

// asConflict wraps err in [driver.ErrConflict] if Graph reports that an item has changed.
func asConflict(err error) error {
	if errors.Is(err, graph.ErrConflict) {
		return fmt.Errorf("%w: %w", driver.ErrConflict, err)
	}
	return err
}

// refused reports whether Graph has refused a request as it was written.
func refused(err error) bool {
	e, ok := errors.AsType[*graph.Error](err)
	return ok && e.Status == http.StatusBadRequest && !graph.Has(err, graph.CodeInvalidID, graph.CodeItemNotFound)
}
