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
	Mailbox   string // the mailbox worked on, if the client knows it

	Code  ResponseCode
	Inner ResponseCode // inner error code from MessageXml, if any

	// Message is the server's text, for people. It is never parsed, and may
	// hold what an attacker wrote: quote it before printing.
	Message string

	// BackOff is how long the server asked to wait, zero if it did not say.
	BackOff time.Duration

	// Fault reports that the whole request was refused, not one member of it.
	Fault bool

	HTTPStatus int
	RequestID  string // the server's request-id header, for its administrator
	Server     string // X-FEServer and X-TargetBEServer, if given

	// Property is the property a validation error names, if any.
	Property string
}

// HTTPError is an answer that is not SOAP: a status of a proxy, of IIS or of
// the authentication layer, an HTML page, an empty body.
type HTTPError struct {
	Operation  Operation
	Mailbox    string
	URL        string // without user information and query
	Status     int
	Reason     string        // what it means and what to do
	RetryAfter time.Duration // from the Retry-After header; zero if absent
	Diagnostic string        // X-CasErrorCode, x-ms-diagnostics or the page's title, shortened
	RequestID  string

	outage  bool // a page that servers show for a moment, whatever its status says
	version bool // the page says that the schema version is refused
}

// DecodeError reports an answer that is SOAP but cannot be read. The outcome
// of the operation is unknown.
type DecodeError struct {
	Operation Operation
	Mailbox   string
	Path      string // element path
	Offset    int64  // bytes into the answer
	Err       error
}

// TransportError reports that no answer came: the connection could not be
// made, broke, or the context ended.
type TransportError struct {
	Operation Operation
	Mailbox   string
	URL       string // empty if Options.Discover failed to find it
	Unsent    bool   // no byte of the request can have reached the server
	Err       error

	partial bool // the whole request cannot have reached the server
	final   bool // trying again is of no use: the caller gave up
}

// Sentinels for the groups of errors that callers branch on, by [errors.Is].
// They match [*ResponseError] and [*HTTPError] by code and status.
var (
	// ErrNotFound matches an item, folder or mailbox that is gone or moved, or
	// that the caller may not see: Exchange does not tell these apart.
	ErrNotFound = errors.New("ews: not found, or not visible to this account")
	// ErrAccessDenied matches missing rights, as far as the server admits it.
	ErrAccessDenied = errors.New("ews: access denied")
	// ErrUnauthorized matches refused credentials (HTTP 401, 440, 456). It is
	// final: repeating a wrong password locks the account.
	ErrUnauthorized = errors.New("ews: credentials refused")
	// ErrThrottled matches every form of "not now".
	ErrThrottled = errors.New("ews: throttled")
	// ErrNoMailbox matches an address or id whose mailbox the server does not
	// have.
	ErrNoMailbox = errors.New("ews: no such mailbox")
	// ErrQuota matches a full mailbox.
	ErrQuota = errors.New("ews: quota exceeded")
	// ErrUnsupportedVersion matches a server, or mailbox, too old for the
	// operation or for every version this package can speak.
	ErrUnsupportedVersion = errors.New("ews: not supported by this Exchange version")
	// ErrNotProcessed matches a member of a batch that the server did not
	// attempt or did not answer for.
	ErrNotProcessed = errors.New("ews: not processed")
	// ErrTruncated matches an export stream that ends in the server's
	// truncation marker. It is transient; the data is worthless.
	ErrTruncated = errors.New("ews: export truncated by the server")
	// ErrStalledPaging matches a server whose next page does not advance.
	ErrStalledPaging = errors.New("ews: paging does not advance")
	// ErrForbiddenText matches a request that holds a character XML 1.0 cannot
	// carry, so that it was not sent.
	ErrForbiddenText = errors.New("ews: text holds a character that XML 1.0 forbids")
)
