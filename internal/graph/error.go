package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Codes that callers distinguish. Graph spells some in several ways: see [Error.Is].
const (
	CodeItemNotFound      = "ErrorItemNotFound"
	CodeInvalidID         = "ErrorInvalidIdMalformed"
	CodeFolderExists      = "ErrorFolderExists"
	CodeConflict          = "ErrorIrresolvableConflict"
	CodeAccessDenied      = "ErrorAccessDenied"
	CodeCannotDelete      = "ErrorCannotDeleteObject"
	CodeFilter            = "ErrorInvalidUrlQueryFilter"
	CodeInefficientFilter = "InefficientFilter"
	CodeTooComplex        = "ErrorRestrictionTooComplex"
)

// Errors of a [Client]; test with errors.Is.
var (
	// ErrGone reports that an item or a folder was not found.
	ErrGone = errors.New("graph: it is not there")
	// ErrNoMailbox reports that the user, or the mailbox, cannot be found or opened.
	ErrNoMailbox = errors.New("graph: no such mailbox")
	// ErrConflict reports that an item has another version than the one requested.
	ErrConflict = errors.New("graph: it has changed")
	// ErrDenied reports that the application lacks a right.
	ErrDenied = errors.New("graph: access denied")
	// ErrSignIn reports that the token was refused.
	ErrSignIn = errors.New("graph: sign-in refused")
	// ErrThrottled reports that Graph asked the application to slow down.
	ErrThrottled = errors.New("graph: too many requests")
)

// Error is Graph's answer to a request that failed, or the reason why no answer arrived.
// Graph's messages are for people: nothing here depends on them.
type Error struct {
	Operation string // such as "PATCH message"
	// Status is the HTTP status of the answer, 0 if there was none. For a part of an
	// answer, such as one item of an export, it is the status of the whole answer.
	Status int
	// Code is the code of the answer as Graph spells it, Inner the most specific one
	// within it.
	Code, Inner string
	// RequestID is Graph's id of the request, for its support.
	RequestID string
	// RetryAfter is how long Graph asked to wait; 0 if it did not ask.
	RetryAfter time.Duration
	// Err is the reason why no answer arrived, or why it cannot be read.
	Err error

	message  string
	unsent   bool // nothing was sent
	read     bool // the request changes nothing
	part     bool // concerns part of a successful answer
	stopped  bool // the caller's context has ended
	final    bool // the same request cannot succeed
	imported bool // an answer of the import host
}

// Error returns the known details, on one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("graph: " + e.Operation)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	for _, code := range []string{e.Code, e.Inner} {
		if code != "" {
			b.WriteString(", " + code)
		}
	}
	if e.message != "" {
		b.WriteString(": " + e.message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if advice := e.remedy(); advice != "" {
		b.WriteString("; " + advice)
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the reason why no answer arrived.
func (e *Error) Unwrap() error { return e.Err }

// has reports whether one of the codes is one of the given names, ignoring case.
func (e *Error) has(names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(e.Code, name) || strings.EqualFold(e.Inner, name) {
			return true
		}
	}
	return false
}

// Has reports whether err has one of these codes.
func Has(err error, codes ...string) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.has(codes...)
}

// Is reports whether the error belongs to a group: [ErrGone] and so on. The code of a 404
// tells whether the item or the mailbox is gone.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrGone:
		return e.has(CodeItemNotFound, "ErrorFolderNotFound", "ErrorMessageNotFound", "itemNotFound") ||
			e.Status == http.StatusNotFound && !e.mailboxMissing() && (e.Code != "" || e.imported)
	case ErrNoMailbox:
		return e.mailboxMissing()
	case ErrConflict:
		return e.Status == http.StatusPreconditionFailed || e.has(CodeConflict, "ErrorChangeKeyRequiredForWriteOperations", "ErrorInvalidChangeKey")
	case ErrDenied:
		return e.Status == http.StatusForbidden || e.has(CodeAccessDenied, "Authorization_RequestDenied")
	case ErrSignIn:
		return e.Status == http.StatusUnauthorized && !e.imported || e.unauthorized()
	case ErrThrottled:
		return e.Status == http.StatusTooManyRequests || e.has("ApplicationThrottled", "ErrorTooManyObjectsOpened", "ErrorServerBusy")
	}
	return false
}

// unauthorized reports whether the transport reported that it could not sign in.
func (e *Error) unauthorized() bool {
	u, ok := errors.AsType[interface {
		error
		Unauthorized() bool
	}](e.Err)
	return ok && u.Unauthorized()
}

// refusedBefore reports whether the transport reported that nothing was done.
func (e *Error) refusedBefore() bool {
	n, ok := errors.AsType[interface {
		error
		NotExecuted() bool
	}](e.Err)
	return ok && n.NotExecuted()
}

func (e *Error) mailboxMissing() bool {
	return e.has("ResourceNotFound", "Request_ResourceNotFound", "ErrorInvalidUser", "MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI",
		"ErrorNonExistentMailbox", "ErrorMailboxNotFound")
}

// NotExecuted reports whether the request certainly changed nothing, and will change
// nothing.
func (e *Error) NotExecuted() bool {
	switch {
	case e.read || e.unsent || e.refusedBefore():
		return true
	case e.Status == 0 || e.part:
		return e.part && e.Code != "" && e.Err == nil
	case e.Status == http.StatusRequestTimeout:
		return false
	}
	// What is refused is not done. 409 and 412 are refusals as well, and so are redirects
	// that ask for the same request elsewhere, which are not followed; others may point
	// to the result of a request that was carried out (RFC 9110, section 15.4).
	again := e.Status == http.StatusTemporaryRedirect || e.Status == http.StatusPermanentRedirect
	return again || e.Status >= 400 && e.Status < 500 || e.Status == http.StatusNotImplemented || e.Status == http.StatusInsufficientStorage
}

// Answered reports whether Graph is no longer working on the request: it has answered
// itself, neither through a gateway's error nor unreadably, or nothing was sent.
func (e *Error) Answered() bool {
	switch e.Status {
	case 0, http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return e.unsent
	}
	return e.Status < 520 && e.Err == nil
}

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	if e.stopped || e.final {
		return false
	}
	switch e.Status {
	case 0:
		// A transport that signs in itself reports whether a retry may help.
		t, ok := errors.AsType[interface {
			error
			Temporary() bool
		}](e.Err)
		_, network := errors.AsType[net.Error](e.Err)
		return !e.unauthorized() && (network || !ok) || ok && t.Temporary()
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	case http.StatusInternalServerError:
		return !e.has("ErrorCorruptData", "ErrorCannotOpenFileAttachment", "ErrorInvalidRecipients")
	}
	return errors.Is(e, ErrThrottled) || e.Status < 300 && e.Err != nil ||
		e.has("ErrorMailboxStoreUnavailable", "ErrorMailboxMoveInProgress", "serviceNotAvailable", "ErrorTimeoutExpired")
}

// wireError is the body of an error in all spellings: Graph's own, and that of the import
// host. The case of names is ignored.
type wireError struct {
	Code       string          `json:"code"`
	Message    json.RawMessage `json:"message"`
	InnerError *wireError      `json:"innerError"`
	RequestID  string          `json:"request-id"`
}

// text returns a message that is a string, or an object with a value.
func (w *wireError) text() string {
	var plain string
	if json.Unmarshal(w.Message, &plain) == nil {
		return plain
	}
	var object struct{ Value string }
	_ = json.Unmarshal(w.Message, &object)
	return object.Value
}

// maxNested is how many levels of inner errors are examined.
const maxNested = 8

// fill reads an error from a body. A body that is not such a document reveals nothing: it
// may be the page of a proxy.
func (e *Error) fill(body []byte) {
	var document struct {
		Error   *wireError      `json:"error"`
		Message json.RawMessage `json:"Message"`
		Code    string          `json:"code"`
	}
	if json.Unmarshal(body, &document) != nil {
		return
	}
	w := document.Error
	if w == nil {
		w = &wireError{Code: document.Code, Message: document.Message}
	}
	e.from(w)
}

func (e *Error) from(w *wireError) {
	e.Code, e.message = tidy(w.Code, 100), tidy(w.text(), 300)
	for at, depth := w, 0; at != nil && depth < maxNested; at, depth = at.InnerError, depth+1 {
		if at.RequestID != "" && e.RequestID == "" {
			e.RequestID = tidy(at.RequestID, 100)
		}
		if at != w && at.Code != "" {
			e.Inner = tidy(at.Code, 100)
		}
	}
}

// tidy turns a text from the other side into one short line.
func tidy(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

// maxHint is the longest time that Graph can ask to wait.
const maxHint = 30 * time.Minute

// retryAfter reads a Retry-After in either form.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		if math.IsNaN(seconds) || seconds <= 0 {
			return 0
		}
		return time.Duration(min(seconds, maxHint.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), maxHint)
	}
	return 0
}
