package ews

import (
	"context"
	"errors"
	"time"
)

// Hook is told of each request that a [Client] sends, for traces, metrics and audits:
// when it begins, before it waits for the limiter, and when its response has been read,
// is given up, or a stream of it is closed. What is retried is told each time.
//
// The context that TraceCallStart returns, which must come from the one that it gets, is
// that of the request: for the limiter, the transport and the log. TraceCallEnd gets it
// as well. Both are called by the goroutine that made the call, which waits for them; no
// permission of the limiter is held meanwhile, so a slow hook slows that call alone. A
// panic in one goes on to the caller; nothing stays open. They may be called
// concurrently, for several calls.
type Hook interface {
	TraceCallStart(ctx context.Context, call CallStart) context.Context
	TraceCallEnd(ctx context.Context, call CallEnd)
}

// Gate is a [Hook] that is also asked whether a request may be sent: when it waits for
// nothing any more, neither for the limiter nor for a connection, before the first byte of
// its body is read, and each time that it is. A layer above the client that puts several
// calls into one request uses it: while the request waited, one of them may have been
// given up.
type Gate interface {
	Hook

	// TraceCallSend returns nil if the request may be sent. Its error ends the call, with a
	// [*TransportError] that wraps it: the server gets none of the body, and does nothing
	// ([NotExecuted]). The context is that of the request. It may be called by another
	// goroutine than the one that made the call, and must not block.
	TraceCallSend(ctx context.Context, call CallStart) error
}

// CallStart is what is known of a request before it is sent. It holds no secrets, and
// nothing of a message.
type CallStart struct {
	Operation       Operation
	Mailbox         string  // that of the view: impersonated, or the anchor; empty: none
	Impersonated    bool    // the request acts as the owner of Mailbox
	Payer           string  // whom the limiter charges
	Attempt         int     // which request of this call it is, from 1
	Version         Version // schema version that it speaks
	ClientRequestID string  // GUID that the server logs, too
}

// CallEnd is what became of a request. It holds no secrets, and nothing of a message,
// except that the text of Err may quote what the server said: use Code for metrics.
type CallEnd struct {
	CallStart

	Outcome CallOutcome

	// Status is the HTTP status; 0: no response came.
	Status int

	// Code is "NoError", or the response code of the fault, or of the first member of
	// a batch that was refused; empty if the response has none, or is not SOAP.
	Code ResponseCode

	// Refused is how many members of the batch the server refused.
	Refused int

	RequestID string // the server's request-id header, for its administrator
	Server    string // X-FEServer and X-TargetBEServer, if given
	Build     Build  // of the server that answers for this mailbox; zero: not known

	// BytesOut is how much of the body of the request was taken from the client, in
	// bytes; more than the body if a sign-in sends it again. BytesIn is how much of the
	// body of the response came, as it was transferred, mostly compressed.
	BytesOut, BytesIn int64

	// Waited is the time spent waiting for the limiter, Duration the whole time, which
	// includes Waited and what the reader of a stream took.
	Waited, Duration time.Duration

	// BackOff is how long the server said to wait; zero: it did not.
	BackOff time.Duration

	// Err is the error of the request, as the caller gets it if it is not retried. It is
	// nil if only members of a batch were refused.
	Err error
}

// CallOutcome is what became of a request, in one word.
type CallOutcome string

// Outcomes of a request.
const (
	CallOK        CallOutcome = "ok"        // it was carried out; or what it asks for is gone, as it expected
	CallRefused   CallOutcome = "refused"   // the server refused it, or some of it
	CallThrottled CallOutcome = "throttled" // the server asked to slow down
	CallFailed    CallOutcome = "failed"    // no usable answer came: what became of it is not known
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

// call is a request from its beginning to its end.
type call struct {
	start  CallStart
	began  time.Time
	waited time.Duration
	told   func(CallEnd) // tells the hook, with the context of the request
	over   bool          // the hook has been told, or the answer tells it
}

// begin tells the hook of a request, and returns the context to go on with.
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

// cutShort tells the hook of a request that a panic, of the limiter perhaps, has ended
// before it was sent: callers may survive it.
func (k *call) cutShort() {
	if !k.over {
		_ = k.unsent(errPanicked)
	}
}

// unsent tells the hook that a request was not sent, and returns the error.
func (k *call) unsent(err error) error {
	k.over = true
	k.told(CallEnd{CallStart: k.start, Outcome: CallUnsent, Waited: k.waited, Duration: time.Since(k.began), Err: err})
	return err
}

// end tells the hook what became of the answer to a request.
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
