package ews

import (
	"errors"
	"time"
)

// ResponseCode is a response code exactly as the server spelt it. There are
// several enumerations of them, none complete; unknown codes pass through.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
type ResponseCode string

// ResponseError is a refusal by the server: a SOAP fault, or the error of one
// response message.
type ResponseError struct {
	Operation Operation
	Mailbox   string // the mailbox in question, if the client knows it

	Code  ResponseCode
	Inner ResponseCode // inner error code from MessageXml, if any

	// Message is the server's text, for humans. It is never parsed and may
	// contain what an attacker wrote: quote it before printing.
	Message string

	// BackOff is how long the server said to wait; zero if it did not say.
	BackOff time.Duration

	// Fault is set if the whole request was refused, not just one member of a batch.
	Fault bool

	HTTPStatus int
	RequestID  string // the server's request-id header, for its administrator
	Server     string // X-FEServer and X-TargetBEServer, if given

	// Property is the property that a validation error names, if any.
	Property string
}

// HTTPError is a response that is not SOAP: a status from a proxy, IIS or the
// authentication layer, an HTML page, or an empty body.
type HTTPError struct {
	Operation  Operation
	Mailbox    string
	URL        string // without user information and query
	Status     int
	Reason     string        // what it means and what to do
	RetryAfter time.Duration // from the Retry-After header; zero if absent
	Diagnostic string        // X-CasErrorCode, x-ms-diagnostics or the page's title, shortened
	RequestID  string

	outage  bool // a page that servers show briefly under load, whatever its status
	soap    bool // the body is the response to the operation all the same
	version bool // the page says that the schema version is refused
}

// DecodeError reports a SOAP response that cannot be read. The outcome of the
// operation is unknown.
type DecodeError struct {
	Operation Operation
	Mailbox   string
	Path      string // element path
	Offset    int64  // bytes into the response
	Err       error
}

// TransportError reports that no usable response arrived. Either the connection could not
// be made, or broke, or the context ended; or the response that arrived cannot be the one
// to this request, because it belongs to another request or contains the responses to
// two. In the latter case the connection is not used again.
type TransportError struct {
	Operation Operation
	Mailbox   string
	URL       string // empty if Options.Discover failed to find it
	Unsent    bool   // no byte of the request can have reached the server
	Err       error

	partial bool // the server cannot have received the whole request
	final   bool // retrying is pointless: the caller gave up
}

// Sentinel errors for the groups that callers branch on with [errors.Is]. They
// match [*ResponseError] by code and [*HTTPError] by status.
var (
	// ErrNotFound reports that an item, folder or mailbox is gone, has moved or
	// is not visible to the caller: Exchange does not tell these apart.
	ErrNotFound = errors.New("ews: not found, or not visible to this account")
	// ErrAccessDenied reports missing rights, as far as the server reveals them.
	ErrAccessDenied = errors.New("ews: access denied")
	// ErrUnauthorized reports refused credentials (HTTP 401, 440, 456), or a password
	// that has expired or must be changed. It is final: repeating a wrong password locks
	// the account.
	ErrUnauthorized = errors.New("ews: credentials refused")
	// ErrThrottled reports any form of "not now".
	ErrThrottled = errors.New("ews: throttled")
	// ErrNoMailbox reports that the server does not have the mailbox for an address or
	// id.
	ErrNoMailbox = errors.New("ews: no such mailbox")
	// ErrQuota reports that a mailbox is full.
	ErrQuota = errors.New("ews: quota exceeded")
	// ErrUnsupportedVersion reports that a server or mailbox is too old for the
	// operation or for every version this package can speak.
	ErrUnsupportedVersion = errors.New("ews: not supported by this Exchange version")
	// ErrNotProcessed reports that the server did not attempt a member of a
	// batch, or did not answer for it.
	ErrNotProcessed = errors.New("ews: not processed")
	// ErrTruncated reports that an export stream ends in the server's truncation
	// marker. It is transient; the data is unusable.
	ErrTruncated = errors.New("ews: export truncated by the server")
	// ErrStalledPaging reports that the server's pages never come to an end: the next
	// page does not advance, or pages are empty or repeat.
	ErrStalledPaging = errors.New("ews: paging does not advance")
	// ErrForbiddenText reports that a request was not sent because it contains
	// a character that XML 1.0 forbids.
	ErrForbiddenText = errors.New("ews: text contains a character that XML 1.0 forbids")
)
