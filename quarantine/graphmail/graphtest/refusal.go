package graphtest

import (
	"fmt"
	"net/http"
	"time"
)

// refusal is why a request, or a part of one, was not served.
type refusal struct {
	status int
	code   string
	text   string
	wait   time.Duration // Retry-After; 0: none
}

func refuse(status int, code, text string) *refusal {
	return &refusal{status: status, code: code, text: text}
}

// bad is a request that does not fit the API.
func bad(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "BadRequest", fmt.Sprintf(format, args...))
}

// lacks refuses something that Graph has but the server does not.
func lacks(what string) *refusal {
	return refuse(http.StatusNotImplemented, "NotImplemented", "graphtest does not have "+what+".")
}

func itemNotFound() *refusal {
	return refuse(http.StatusNotFound, "ErrorItemNotFound", "The specified object was not found in the store.")
}

func malformedID() *refusal {
	return refuse(http.StatusBadRequest, "ErrorInvalidIdMalformed", "Id is malformed.")
}

func accessDenied() *refusal {
	return refuse(http.StatusForbidden, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
}

func noSegment(name string) *refusal { return bad("Resource not found for the segment '%s'.", name) }

// answer returns the refusal as the Graph host spells it, see
// https://learn.microsoft.com/en-us/graph/errors, or as the import host does.
func (r *refusal) answer(c *call) *answer {
	var a *answer
	if c != nil && c.importing {
		a = jsonAnswer(r.status, object{"Message": r.text})
	} else {
		inner := object{}
		if c != nil {
			inner["date"] = c.server.opts.Now().UTC().Format("2006-01-02T15:04:05")
			inner["request-id"] = c.requestID()
			inner["client-request-id"] = c.clientID()
		}
		e := object{"code": r.code, "message": r.text}
		switch {
		case r.status == http.StatusTooManyRequests:
		case c != nil && c.server.opts.OtherSpellings:
			inner["code"] = r.code
			e["innererror"] = inner
			if r.status == http.StatusBadRequest {
				e["code"] = "invalidRequest"
			}
		default:
			e["innerError"] = inner
		}
		a = jsonAnswer(r.status, object{"error": e})
	}
	if r.wait > 0 {
		a.header.Set("Retry-After", fmt.Sprint(int64((r.wait+time.Second-1)/time.Second)))
	}
	a.code = r.code
	return a
}
