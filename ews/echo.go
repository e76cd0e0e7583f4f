package ews

import (
	"net/http"
)

// A server may echo what was sent to it: the password in a page, the whole Authorization
// header in a request id. No such text reaches an error or a log unchanged: answer.sent
// knows what the transports sent, and strikes it out before anything is shortened.

// said returns the first of the header fields that has a value.
func (a *answer) said(h http.Header, names ...string) string {
	for _, name := range names {
		if v := h.Get(name); v != "" {
			return shorten(a.sent.Strike(v), maxQuote)
		}
	}
	return ""
}

// servers returns the names of the servers that answered.
func (a *answer) servers(h http.Header) string {
	front, back := a.said(h, "X-Feserver"), a.said(h, "X-Targetbeserver", "X-Calculatedbetarget")
	switch {
	case front == "":
		return back
	case back == "":
		return front
	}
	return front + ", " + back
}

// path returns the decoder's position in the answer, as the names of its elements.
func (a *answer) path() string { return a.sent.Strike(a.d.Path()) }

// strike removes what was sent from the texts of a refusal. A code that this package
// knows is left as it is, whatever the password may be.
func (a *answer) strike(e *ResponseError) {
	for _, code := range []*ResponseCode{&e.Code, &e.Inner} {
		if !isKnown(*code) {
			*code = ResponseCode(a.sent.Strike(string(*code)))
		}
	}
	e.Message, e.Property = a.sent.Strike(e.Message), a.sent.Strike(e.Property)
}

func isKnown(code ResponseCode) bool {
	switch code {
	case "", codeMultipleResults, codeNotReferable, codeCannotFindUser:
		return true
	}
	return Class(code) != ClassUnknown
}
