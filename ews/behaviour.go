package ews

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"time"
)

// verdict is what one error means. The functions below combine the verdicts of all errors
// in a joined or wrapped error.
type verdict struct {
	notSent     bool
	notExecuted bool
	transient   bool
	read        bool // nothing can have changed
	backOff     time.Duration
}

type judged interface {
	error
	verdict() verdict
}

// NotSent reports whether no byte of the request can have reached the server.
// For joined errors, this must be true of each.
func NotSent(err error) bool { return all(err, func(v verdict) bool { return v.notSent }) }

// NotExecuted reports whether the server certainly did not carry out the
// request, so that repeating it cannot carry it out twice. If in doubt, it
// returns false. For joined errors, this must be true of each.
func NotExecuted(err error) bool { return all(err, func(v verdict) bool { return v.notExecuted }) }

// Ambiguous reports whether it is unknown if a write took effect: check the state before
// repeating it. For joined errors, one is enough.
func Ambiguous(err error) bool {
	for v := range verdicts(err) {
		if !v.notExecuted && !v.read {
			return true
		}
	}
	return false
}

// IsThrottled reports whether the server asked the caller to slow down. For joined
// errors, one is enough.
func IsThrottled(err error) bool { return errors.Is(err, ErrThrottled) }

// IsTransient reports whether the same request may succeed later. It does not tell
// whether a write may be repeated: see [NotExecuted]. For joined errors, this must be
// true of each.
func IsTransient(err error) bool { return all(err, func(v verdict) bool { return v.transient }) }

// BackOff returns how long the server told the caller to wait, and whether it
// did. For joined errors, it returns the longest time.
func BackOff(err error) (time.Duration, bool) {
	var longest time.Duration
	for v := range verdicts(err) {
		longest = max(longest, v.backOff)
	}
	return longest, longest > 0
}

// all reports whether a condition holds for every error in err whose meaning
// is known; it is false if err contains no such error.
func all(err error, holds func(verdict) bool) bool {
	any := false
	for v := range verdicts(err) {
		if !holds(v) {
			return false
		}
		any = true
	}
	return any
}

// verdicts iterates over the errors in err whose meaning is known. Whatever an
// error of this package wraps is part of that error's verdict.
func verdicts(err error) func(yield func(verdict) bool) {
	return func(yield func(verdict) bool) { walk(err, yield) }
}

func walk(err error, yield func(verdict) bool) bool {
	if err == nil {
		return true
	}
	if e, ok := err.(judged); ok {
		return yield(e.verdict())
	}
	switch err {
	case ErrUnsupportedVersion, ErrForbiddenText:
		return yield(verdict{notSent: true, notExecuted: true})
	case ErrTruncated, ErrNotProcessed:
		return yield(verdict{transient: true})
	}
	if e, ok := err.(interface{ NotSent() bool }); ok && e.NotSent() {
		return yield(verdict{notSent: true, notExecuted: true})
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !walk(part, yield) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), yield)
	}
	return true
}

func (e *requestError) verdict() verdict { return verdict{notSent: true, notExecuted: true} }

func (e *versionError) verdict() verdict {
	// If it wraps a refusal, bytes were sent but nothing was done.
	return verdict{notSent: e.err == nil, notExecuted: true}
}

func (e *ResponseError) verdict() verdict {
	return verdict{read: e.Operation.reads(), notExecuted: e.notExecuted(), transient: e.transient(), backOff: e.BackOff}
}

func (e *ResponseError) transient() bool {
	switch Class(e.Code) {
	case ClassBackOff, ClassMailboxLater, ClassAmbiguous, ClassSkipped:
		return true
	}
	return errors.Is(e, ErrThrottled)
}

// notExecuted is false for errors that can occur halfway through: an outage of
// the store or the directory, a timeout, a failure while saving.
func (e *ResponseError) notExecuted() bool {
	if e.Fault && e.HTTPStatus == http.StatusOK && !isVersionRefusal(e.Code) {
		// A fault comes with HTTP 500 (SOAP 1.1, section 6.2). One that reports both
		// success and failure may have replaced another answer.
		return false
	}
	switch e.Code {
	case "ErrorServerBusy", "ErrorExceededConnectionCount", codeFindCount:
		// Exchange checks the budget before it starts on an item.
		return true
	case codeCannotFindUser, "Client", "MustUnderstand", "VersionMismatch":
		// The codes of SOAP 1.1, section 4.4.1, mean that the request was wrong.
		return true
	case "ErrorItemSave", "ErrorItemSavePropertyError", "ErrorPropertyUpdate":
		return false
	}
	switch Class(e.Code) {
	case ClassRequest, ClassRefresh, ClassSkipped:
		return true
	case ClassNothingToDo, ClassConfig, ClassItem, ClassMailbox:
		// A move is a copy and a deletion: the second half may be what was
		// refused.
		return e.Operation != OpMoveItem || precedesMove(e.Code)
	}
	return false
}

// precedesMove reports whether a move is refused with this code before anything
// has been copied.
func precedesMove(code ResponseCode) bool {
	switch code {
	case "ErrorItemNotFound", "ErrorToFolderNotFound", "ErrorFolderNotFound", "ErrorCrossMailboxMoveCopy",
		"ErrorNonExistentMailbox", "ErrorNonPrimarySmtpAddress", "ErrorMissingEmailAddress",
		"ErrorImpersonateUserDenied", "ErrorImpersonationDenied", "ErrorImpersonationFailed",
		"ErrorInvalidExchangeImpersonationHeaderData", "ErrorInvalidChangeKey",
		"ErrorInvalidId", "ErrorInvalidIdEmpty", "ErrorInvalidIdMalformed", "ErrorInvalidIdMonikerTooLong",
		"ErrorInvalidIdStoreObjectIdTooLong", "ErrorCalendarCannotMoveOrCopyOccurrence",
		"ErrorQuotaExceeded", "ErrorMessagePerFolderCountReceiveQuotaExceeded", "ErrorCreateItemAccessDenied":
		return true
	}
	return false
}

func (e *HTTPError) verdict() verdict {
	v := verdict{read: e.Operation.reads(), backOff: e.RetryAfter}
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		v.transient = true
	}
	v.transient = v.transient || e.outage || e.ofGateway()
	// Client errors (4xx) come from components in front of EWS. A full queue (503) looks
	// just like a back end that went away halfway through. 501 means that the server
	// cannot do it at all.
	v.notExecuted = e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout || e.Status == http.StatusNotImplemented
	v.notExecuted = v.notExecuted && !e.soap
	return v
}

func (e *DecodeError) verdict() verdict {
	return verdict{
		read: e.Operation.reads(),
		transient: errors.Is(e.Err, io.ErrUnexpectedEOF) || errors.Is(e.Err, ErrTruncated) ||
			errors.Is(e.Err, ErrNotProcessed),
	}
}

func (e *TransportError) verdict() verdict {
	return verdict{
		read:    e.Operation.reads(),
		notSent: e.Unsent,
		// A server that has not received the whole request cannot act on it.
		notExecuted: e.Unsent || e.partial || unauthorized(e.Err) || notExecuted(e.Err),
		transient:   !e.lasting(),
	}
}

// lasting reports whether retrying is pointless: the caller gave up, the
// credentials or the certificate are wrong, or the content cannot be read.
func (e *TransportError) lasting() bool {
	if e.final || unauthorized(e.Err) {
		return true
	}
	if _, ok := errors.AsType[*contentError](e.Err); ok {
		return true
	}
	if _, ok := errors.AsType[*heldBackError](e.Err); ok {
		return true
	}
	if refusal, ok := errors.AsType[interface {
		error
		Lasting() bool
	}](e.Err); ok && refusal.Lasting() {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](e.Err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](e.Err); ok {
		return true
	}
	_, ok := errors.AsType[x509.UnknownAuthorityError](e.Err)
	return ok
}

func unauthorized(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Unauthorized() bool
	}](err)
	return ok && e.Unauthorized()
}

func notExecuted(err error) bool {
	e, ok := errors.AsType[interface {
		error
		NotExecuted() bool
	}](err)
	return ok && e.NotExecuted()
}

func unsent(err error) bool {
	e, ok := errors.AsType[interface {
		error
		NotSent() bool
	}](err)
	return ok && e.NotSent()
}
