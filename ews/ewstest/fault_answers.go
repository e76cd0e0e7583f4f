package ewstest

import (
	"net/http"
	"strconv"
	"time"
)

// Faults for an operation that the server does not have. Servers that speak EWS without
// being Exchange, and Exchange itself for operations newer than it is, answer in one of
// these forms (https://github.com/grommunio/gromox/issues/261,
// https://github.com/grommunio/gromox/issues/76).
var (
	// OperationUnknown is HTTP 500 with a SOAP fault without detail, and so without an
	// Exchange response code.
	OperationUnknown = Fault{Name: "500 with a fault without code", kind: faultBare}
	// OperationInvalid is a SOAP fault with ErrorInvalidRequest.
	OperationInvalid = Fault{Name: "ErrorInvalidRequest fault", kind: faultSOAP, code: "ErrorInvalidRequest"}
	// OperationNotSupported is a SOAP fault with ErrorNotSupported, a code that
	// Exchange does not have.
	OperationNotSupported = Fault{Name: "ErrorNotSupported fault", kind: faultSOAP, code: "ErrorNotSupported"}
	// OperationNotImplemented is HTTP 501 with a page.
	OperationNotImplemented = Fault{Name: "501", kind: faultPage, status: http.StatusNotImplemented}
)

// Gateway returns a fault with which something in front of the server, such as a proxy, a
// load balancer or request filtering, refuses a request: an HTTP status and an HTML page,
// without any Exchange header (request-id, X-FEServer, client-request-id). Typical
// statuses are 403 (blocked), 404 (a path that is not published) and 413 (a body that is
// too large). See
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
	// EarlierAnswer replies with the answer that the account got, or should have got, to
	// its previous request, as on a connection where an answer was left unread;
	// request-id and client-request-id are those of the previous request. The server does
	// not act on this request unless [Fault.Acted] is used; the next EarlierAnswer is
	// then the answer to this request. It cannot strike the first request of an account;
	// answers of more than 1 MiB do not count.
	EarlierAnswer = Fault{Name: "answer to the request before", kind: faultEarlier}

	// TwoAnswers acts and sends two SOAP envelopes in one body: the answer, followed by a
	// SOAP fault ErrorInternalServerError, as when a server fails after it has begun to
	// answer.
	TwoAnswers = Fault{Name: "two answers", kind: faultTwo}

	// WrongRequestID acts and answers correctly, but with a client-request-id other than
	// the request's. It strikes only requests that ask for theirs with
	// return-client-request-id.
	WrongRequestID = Fault{Name: "client-request-id of another request", kind: faultWrongID}

	// NoResponseMessage leaves out the response messages of the members that it strikes,
	// and does not act on them unless [Fault.Acted] is used. A MoveItem from an archive
	// into another mailbox has been seen to do that
	// (https://github.com/David-Barrett-MS/PowerShell-EWS-Scripts/issues/49).
	NoResponseMessage = Fault{Name: "no response message", kind: faultNoReply}

	// ResponseMessageTwice acts and sends the response messages of the members that it
	// strikes twice, so there are more of them than members.
	ResponseMessageTwice = Fault{Name: "response message twice", kind: faultTwice}
)

// Stall returns a fault that acts and sends the first half of the answer, then the rest
// once the duration has passed. With 0 the rest never comes: the client must give up. It
// panics if d is negative.
func Stall(d time.Duration) Fault {
	if d < 0 {
		panic("ewstest: Stall: the duration must not be negative")
	}
	return Fault{Name: "the answer stalls in the middle", kind: faultStall, wait: d}
}
