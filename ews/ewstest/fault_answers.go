package ewstest

import (
	"net/http"
	"strconv"
	"time"
)

// An operation that the server does not have. Servers that speak EWS without being
// Exchange, and Exchange itself for operations newer than it, answer in one of
// these forms (https://github.com/grommunio/gromox/issues/261,
// https://github.com/grommunio/gromox/issues/76).
var (
	// OperationUnknown is HTTP 500 with a SOAP fault without detail, so without any
	// code of Exchange.
	OperationUnknown = Fault{Name: "500 with a fault without code", kind: faultBare}
	// OperationInvalid is a SOAP fault with ErrorInvalidRequest.
	OperationInvalid = Fault{Name: "ErrorInvalidRequest fault", kind: faultSOAP, code: "ErrorInvalidRequest"}
	// OperationNotSupported is a SOAP fault with ErrorNotSupported, a code that
	// Exchange does not have.
	OperationNotSupported = Fault{Name: "ErrorNotSupported fault", kind: faultSOAP, code: "ErrorNotSupported"}
	// OperationNotImplemented is HTTP 501 with a page.
	OperationNotImplemented = Fault{Name: "501", kind: faultPage, status: http.StatusNotImplemented}
)

// Gateway returns a fault with which something in front of the server refuses a
// request, such as a proxy, a load balancer or request filtering: an HTTP status
// and a page in HTML, without any header of Exchange (request-id, X-FEServer,
// client-request-id). Usual are 403 (blocked), 404 (a path that is not published)
// and 413 (a body that is too large). See
// https://learn.microsoft.com/en-us/iis/configuration/system.webserver/security/requestfiltering/requestlimits/.
// It panics if the status is not between 400 and 599.
func Gateway(status int) Fault {
	if status < 400 || status > 599 {
		panic("ewstest: Gateway: the status must be between 400 and 599")
	}
	return Fault{Name: strconv.Itoa(status) + " of a gateway", kind: faultGateway, status: status}
}

// Answers that do not belong to their requests.
var (
	// EarlierAnswer answers with the answer that the account got, or should have
	// got, to its request before, as on a connection where an answer was left
	// unread; its request-id and client-request-id are those of that request. The
	// server does not act on this request unless [Fault.Acted] says so: then the
	// next EarlierAnswer is the answer to this one. It cannot strike the first
	// request of an account; answers of more than 1 MiB do not count.
	EarlierAnswer = Fault{Name: "answer to the request before", kind: faultEarlier}

	// TwoAnswers acts and sends two SOAP envelopes in one body: the answer, and
	// behind it a SOAP fault ErrorInternalServerError, as when a server fails after
	// it has begun to answer.
	TwoAnswers = Fault{Name: "two answers", kind: faultTwo}

	// WrongRequestID acts and answers rightly, but with another client-request-id
	// than that of the request. It strikes only requests that ask for theirs by
	// return-client-request-id.
	WrongRequestID = Fault{Name: "client-request-id of another request", kind: faultWrongID}

	// NoResponseMessage leaves out the response messages of the members that it
	// strikes, and does not act on them unless [Fault.Acted] says so. A MoveItem
	// from an archive into another mailbox has done that
	// (https://github.com/David-Barrett-MS/PowerShell-EWS-Scripts/issues/49).
	NoResponseMessage = Fault{Name: "no response message", kind: faultNoReply}

	// ResponseMessageTwice acts and sends the response messages of the members that
	// it strikes twice, so that there are more than members.
	ResponseMessageTwice = Fault{Name: "response message twice", kind: faultTwice}
)

// Stall returns a fault that acts and sends the first half of the answer, and the
// rest when the duration has passed. With 0 the rest never comes: the client must
// give up. It panics if d is negative.
func Stall(d time.Duration) Fault {
	if d < 0 {
		panic("ewstest: Stall: the duration must not be negative")
	}
	return Fault{Name: "the answer stalls in the middle", kind: faultStall, wait: d}
}
