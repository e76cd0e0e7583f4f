package graphmail

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Hook is told of each request to Graph, for traces, metrics and audits: when it begins,
// before it waits for the limiter, and when its answer has been read or given up. What is
// retried is told each time; a batch is one request.
//
// The context that TraceRequestStart returns, which must come from the one that it gets, is
// that of the request; TraceRequestEnd gets it as well. Both are called by the goroutine
// that makes the request, which waits for them. They may be called concurrently.
type Hook interface {
	// TraceRequestStart gets the fields of a request up to ClientRequestID.
	TraceRequestStart(ctx context.Context, r Request) context.Context
	TraceRequestEnd(ctx context.Context, r Request)
}

// Request is a request to Graph, and what became of it. It holds no secrets, and nothing of
// a message, except that the text of Err may quote what Graph said: use Code for metrics.
type Request struct {
	Operation       string // such as "PATCH message"
	Payer           string // address of the mailbox, in lower case, or [DirectoryPayer]
	Host            string // that it is sent to
	Attempt         int    // which request of this call it is, from 1
	ClientRequestID string // GUID that Graph logs, too; empty for an import

	Status    int           // of the answer; 0: none came
	Code      string        // of the error as Graph spells it; empty: none
	RequestID string        // Graph's id of the request, for its support
	Unsent    bool          // nothing was sent
	Throttled bool          // Graph asked to slow down
	Refused   bool          // Graph itself has answered, and not done it
	BytesOut  int64         // of the body of the request
	BytesIn   int64         // of the body of the answer, unpacked
	Waited    time.Duration // for the limiter and the budget
	Duration  time.Duration // all in all, Waited included
	BackOff   time.Duration // that Graph asked for; zero: it did not
	Err       error         // of the request; nil: it was carried out
}

// watched makes the client tell the engine what requests cost and, if there is one, the
// hook.
func watched(o *graph.Options, h Hook) {
	o.OnCall = spend
	if h == nil {
		return
	}
	o.OnStart = func(ctx context.Context, c graph.Call) context.Context { return h.TraceRequestStart(ctx, requestOf(c)) }
	o.OnCall = func(ctx context.Context, c graph.Call) {
		spend(ctx, c)
		h.TraceRequestEnd(ctx, requestOf(c))
	}
}

func requestOf(c graph.Call) Request {
	r := Request{
		Operation: c.Operation, Payer: c.Payer, Host: c.Host, Attempt: c.Attempt, ClientRequestID: c.ClientRequestID,
		Status: c.Status, RequestID: c.RequestID, Unsent: c.Unsent, BytesOut: c.BytesOut, BytesIn: c.BytesIn,
		Waited: c.Waited, Duration: c.Duration, BackOff: c.BackOff, Err: c.Err,
	}
	r.Code, r.Throttled, r.Refused = graph.Verdict(c.Err)
	return r
}

// spend tells the engine what a request has cost.
func spend(ctx context.Context, c graph.Call) {
	driver.Spend(ctx, driver.Spending{
		Unsent: c.Unsent, RequestID: c.RequestID, Server: c.Host, BytesOut: c.BytesOut, BytesIn: c.BytesIn, Waited: c.Waited, Payer: c.Payer, BackOff: c.BackOff,
	})
}
