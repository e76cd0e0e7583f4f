package ews

import (
	"context"
	"errors"
	"time"
)

// Hook observes each request that a [Client] sends, for traces, metrics and audits.
// TraceCallStart is called when a request begins, before it waits for the limiter.
// TraceCallEnd is called when its response has been read or given up, or when a stream of
// it is closed. Each retry is reported as a request of its own.
//
// The context that TraceCallStart returns must be derived from the one it is given. The
// limiter, the transport and the log use it for the request, and it is passed to
// TraceCallEnd. Both methods are called by the goroutine that made the call, which waits
// for them. No permission of the limiter is held meanwhile, so a slow hook delays that
// call alone. A panic in a hook propagates to the caller, and nothing stays open. The
// methods may be called concurrently for different calls.
type Hook interface {
	TraceCallStart(ctx context.Context, call CallStart) context.Context
	TraceCallEnd(ctx context.Context, call CallEnd)
}

// Gate is a [Hook] that is also asked whether a request may be sent. It is asked when the
// request no longer waits for anything, neither the limiter nor a connection, before the
// first byte of its body is read, and each time the body is read. It is meant for a layer
// above the client that combines several calls into one request: one of them may have
// been given up while the request waited.
type Gate interface {
	Hook

	// TraceCallSend returns nil if the request may be sent. An error ends the call with a
	// [*TransportError] that wraps it: the server receives none of the body and does
	// nothing ([NotExecuted]). ctx is the context of the request. TraceCallSend may be
	// called by a goroutine other than the one that made the call, and must not block.
	TraceCallSend(ctx context.Context, call CallStart) error
}

// CallStart describes a request before it is sent. It contains no secrets and nothing
// from a message.
type CallStart struct {
	Operation       Operation
	Mailbox         string  // the mailbox of the view: impersonated, or the anchor; empty: none
	Impersonated    bool    // the request acts as the owner of Mailbox
	Payer           string  // whom the limiter charges
	Attempt         int     // number of the request within this call, from 1
	Version         Version // schema version of the request
	ClientRequestID string  // GUID that the server logs, too
}

// CallEnd describes the outcome of a request. It contains no secrets and nothing from a
// message, except that the text of Err may quote the server: use Code for metrics.
type CallEnd struct {
	CallStart

	Outcome CallOutcome

	// Status is the HTTP status; 0 if no response arrived.
	Status int

	// Code is "NoError", or the response code of the fault, or of the first member of a
	// batch that was refused. It is empty if the response has none or is not SOAP.
	Code ResponseCode

	// Refused is how many members of the batch the server refused.
	Refused int

	RequestID string // the server's request-id header, for its administrator
	Server    string // X-FEServer and X-TargetBEServer, if given
	Build     Build  // of the server that answers for this mailbox; zero: unknown

	// BytesOut is the number of bytes of the request's body that were taken from the
	// client; it exceeds the length of the body if a sign-in sends the body again.
	// BytesIn is the number of bytes of the response's body that arrived, as transferred,
	// usually compressed.
	BytesOut, BytesIn int64

	// Waited is the time spent waiting for the limiter. Duration is the whole time,
	// including Waited and the time taken by the reader of a stream.
	Waited, Duration time.Duration

	// BackOff is how long the server said to wait; zero if it did not say.
	BackOff time.Duration

	// Err is the error of the request, as the caller gets it unless it is retried. It is
	// nil if only members of a batch were refused.
	Err error
}

// CallOutcome is the outcome of a request, in one word.
type CallOutcome string

// Outcomes of a request.
const (
	CallOK        CallOutcome = "ok"        // carried out; or its target is gone, as expected
	CallRefused   CallOutcome = "refused"   // the server refused all or part of it
	CallThrottled CallOutcome = "throttled" // the server asked to slow down
	CallFailed    CallOutcome = "failed"    // no usable answer arrived: the outcome is unknown
	CallUnsent    CallOutcome = "unsent"    // nothing was sent
)

// outcomeOf returns the outcome of a request that ended with err.
func outcomeOf(err error, throttled bool, refused int) CallOutcome {
	_, said := errors.AsType[*ResponseError](err)
	switch {
	case throttled || IsThrottled(err):
		return CallThrottled
	case err == nil && refused == 0:
		return CallOK
	case err == nil, said:
		return CallRefused
	case NotSent(err):
		return CallUnsent
	}
	return CallFailed
}

// call is a request from start to finish.
type call struct {
	start  CallStart
	began  time.Time
	waited time.Duration
	told   func(CallEnd) // reports to the hooks, with the context of the request
	over   bool          // the hooks have been called, or the answer will call them
}

// begin reports a request to the hooks and returns the context to continue with.
func (c *Client) begin(ctx context.Context, t *task, v Version) (context.Context, *call) {
	if t.sends == nil {
		t.sends = new(int)
	}
	*t.sends++
	k := &call{began: time.Now(), start: CallStart{
		Operation: t.op, Mailbox: c.mailbox, Impersonated: c.impersonate, Payer: c.payingMailbox(),
		Attempt: *t.sends, Version: v, ClientRequestID: newGUID(),
	}}
	ctx, k.told = c.told(ctx, k.start)
	return ctx, k
}

// cutShort reports to the hooks a request that a panic, perhaps of the limiter, ended
// before it was sent: callers may survive the panic.
func (k *call) cutShort() {
	if !k.over {
		_ = k.unsent(errPanicked)
	}
}

// unsent reports to the hooks that a request was not sent, and returns the error.
func (k *call) unsent(err error) error {
	k.over = true
	k.told(CallEnd{CallStart: k.start, Outcome: CallUnsent, Waited: k.waited, Duration: time.Since(k.began), Err: err})
	return err
}

// end reports the outcome of an answered request to the hooks.
func (a *answer) end(err error) {
	e := CallEnd{
		CallStart: a.call.start, Outcome: outcomeOf(err, a.throttled, a.members), Status: a.status, Code: a.code,
		Refused: a.members, RequestID: a.requestID, Server: a.server, Build: a.client.state.lastBuild(),
		BytesOut: a.request.bytes(), BytesIn: a.bytesIn(),
		Waited: a.call.waited, Duration: time.Since(a.call.began), BackOff: a.backOff, Err: err,
	}
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		e.Code = refused.Code
	} else if err == nil && e.Code == "" {
		e.Code = codeNoError
	}
	a.call.told(e)
}
