package ews

import (
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// message is one response message without its operation-specific elements.
type message struct {
	class string
	err   ResponseError
}

// succeeds reports whether the part that has been read reports success.
func (m *message) succeeds() bool {
	return m.class == "Success" && (m.err.Code == "" || m.err.Code == codeNoError)
}

// eachMessage reads the response messages of an answer to a request for n
// things. It calls payload for each operation-specific element of message i, and
// settle with the outcome of the message. A warning with the code accept counts
// as success.
func (a *answer) eachMessage(n int, accept ResponseCode, payload func(i int), settle func(i int, err error)) error {
	d := a.d
	for d.NextChild(a.depth) {
		if !d.Is(xmlwire.SpaceMessages, "ResponseMessages") {
			continue
		}
		for d.NextChild(a.depth + 1) {
			if a.messages == n {
				return a.misfit("more response messages than requested: " + strconv.Itoa(n) + " expected")
			}
			if d.Local() != string(a.op)+"ResponseMessage" {
				return a.misfit("a response message of another operation")
			}
			m := a.message(func() { payload(a.messages) })
			if err := d.Err(); err != nil {
				return a.unreadable(err)
			}
			err, ok := a.outcome(m, accept)
			if !ok {
				return a.malformed("a response message reports neither success nor failure")
			}
			settle(a.messages, err)
			a.messages++
		}
	}
	if err := d.Err(); err != nil {
		return a.unreadable(err)
	}
	return a.finish()
}

// message reads the current element as a response message.
func (a *answer) message(payload func()) *message {
	d, depth := a.d, a.d.Depth()
	m := &message{class: d.AttrInterned("ResponseClass")}
	for d.NextChild(depth) {
		if !a.messageHead(m) {
			payload()
		}
	}
	return m
}

// messageHead reads the current element if it is one that all response messages share,
// and reports whether it is.
func (a *answer) messageHead(m *message) bool {
	d := a.d
	switch d.Local() {
	case "MessageText":
		m.err.Message = d.Text()
	case "ResponseCode":
		m.err.Code = ResponseCode(strings.TrimSpace(d.TextInterned()))
	case "DescriptiveLinkKey":
		d.Skip()
	case "MessageXml":
		messageXML(d, &m.err)
	default:
		return false
	}
	return true
}

// outcome returns nil if a response message reports success: its class and its code must
// agree. ok is false if the message has neither.
func (a *answer) outcome(m *message, accept ResponseCode) (err error, ok bool) {
	code := m.err.Code
	switch {
	case code == "" && m.class == "":
		return nil, false
	case (m.class == "Success" || m.class == "Warning" || m.class == "") && (code == codeNoError || code == "" && m.class == "Success"):
		return nil, true
	case m.class == "Warning" && code == accept && accept != "":
		return nil, true
	case code == codeNoError, code == "":
		// The class contradicts the code, and a failure must not be missed.
		return a.malformed("a response message of class " + plain(a.sent.Strike(m.class)) + " with code " + plain(string(code))), true
	}
	e := m.err
	e.Operation, e.Mailbox = a.op, a.client.mailbox
	e.HTTPStatus, e.RequestID, e.Server = a.status, a.requestID, a.server
	a.strike(&e)
	a.refused(&e)
	return &e, true
}

// missing returns the error for a member of a batch that the server did not answer for.
// Whether the member was attempted is unknown.
func (a *answer) missing() error {
	return &DecodeError{
		Operation: a.op, Mailbox: a.client.mailbox,
		Path: "Envelope/Body/" + string(a.op) + "Response/ResponseMessages", Offset: a.d.Offset(),
		Err: &missingError{a.messages},
	}
}

type missingError struct{ got int }

func (e *missingError) Error() string {
	return "the response ends after " + strconv.Itoa(e.got) + " response messages: " + ErrNotProcessed.Error()
}

func (e *missingError) Unwrap() error { return ErrNotProcessed }

// batch reads the answer to a request for n things.
func batch[V any](a *answer, n int, payload func(v *V)) (Results[V], error) {
	results := make(Results[V], n)
	err := a.eachMessage(n, "", func(i int) { payload(&results[i].Value) }, func(i int, err error) {
		if err != nil {
			results[i] = Result[V]{Err: err}
		}
	})
	if err != nil {
		return nil, err
	}
	if a.messages == n {
		return results, nil
	}
	// It is unknown which members the messages belong to. A single refusal in answer to
	// several members refuses the request.
	refusal := a.missing()
	if e, ok := results[0].Err.(*ResponseError); ok && a.messages == 1 && a.op.reads() {
		refusal = e
	}
	if _, ok := refusal.(*DecodeError); ok {
		a.line.distrust()
	}
	for i := range results {
		results[i] = Result[V]{Err: refusal}
	}
	return results, nil
}

// single reads the answer to a request for one thing.
func single[V any](a *answer, accept ResponseCode, payload func(v *V)) (V, error) {
	var v, none V
	var refusal error
	err := a.eachMessage(1, accept, func(int) { payload(&v) }, func(_ int, e error) { refusal = e })
	switch {
	case err != nil:
		return none, err
	case a.messages == 0:
		a.line.distrust()
		return none, a.missing()
	case refusal != nil:
		return none, refusal
	}
	return v, nil
}

// demand turns members that report success but lack the requested value into errors.
func demand[V any](a *answer, results Results[V], err error, has func(v *V) bool, what string) (Results[V], error) {
	for i := range results {
		if r := &results[i]; r.Err == nil && !has(&r.Value) {
			r.Err = a.malformed("a response message reports success without " + what)
		}
	}
	return results, err
}
