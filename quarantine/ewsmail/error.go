package ewsmail

import (
	"errors"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// translate converts an EWS error into a [driver.Error] for the engine. Every
// method that the engine calls returns its errors through it.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if _, done := err.(*driver.Error); done {
		return err
	}
	e := &driver.Error{Err: err, Untouched: unexecuted(err), Answered: answered(err), Temporary: transient(err), Cause: causeOf(err)}
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		e.Code = string(refused.Code)
	}
	return e
}

// transient reports whether the same request may succeed later. Errors that
// package ews does not know report it with a method Temporary.
func transient(err error) bool {
	if t, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err); ok && t.Temporary() {
		return true
	}
	return ews.IsTransient(err) || ews.IsThrottled(err)
}

// unexecuted reports whether a write certainly did not happen. Errors that
// package ews does not know report it with a method NotExecuted.
func unexecuted(err error) bool {
	if n, ok := errors.AsType[interface {
		error
		NotExecuted() bool
	}](err); ok {
		return n.NotExecuted()
	}
	return ews.NotExecuted(err)
}

// answered reports whether the server has answered, even with a refusal: then it
// is no longer working on the request.
func answered(err error) bool {
	if _, ok := errors.AsType[*ews.ResponseError](err); ok {
		return true
	}
	if errors.Is(err, ews.ErrNotProcessed) {
		return true // a response message is missing, but the rest is there
	}
	h, ok := errors.AsType[*ews.HTTPError](err)
	return ok && !unfinished(h.Status)
}

// unfinished reports whether a status comes from an intermediary that has stopped waiting
// for the server, or means that the server is still at work: 202, 408, 502, 504, and
// those that gateways use from 520 on.
func unfinished(status int) bool {
	switch status {
	case http.StatusAccepted, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	}
	return status >= 520
}

// codeMoving is the answer for a mailbox that is being moved to another server,
// or has just been.
const codeMoving ews.ResponseCode = "ErrorMailboxMoveInProgress"

// causeOf returns why a request failed, as far as the error shows it.
func causeOf(err error) driver.Cause {
	refused, _ := errors.AsType[*ews.ResponseError](err)
	_, cut := errors.AsType[*ews.TransportError](err)
	switch {
	case refused != nil && (refused.Code == codeMoving || refused.Inner == codeMoving):
		return driver.CauseMoving
	case errors.Is(err, ews.ErrUnauthorized):
		return driver.CauseSignIn
	case errors.Is(err, ews.ErrNoMailbox): // also "No mailbox with such guid", after a move
		return driver.CauseNoMailbox
	case errors.Is(err, ews.ErrAccessDenied):
		return driver.CauseNoPermission
	case errors.Is(err, ews.ErrNotFound):
		return driver.CauseNotFound
	case cut:
		return driver.CauseUnreachable
	}
	return ""
}
