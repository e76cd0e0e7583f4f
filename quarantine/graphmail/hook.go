package graphmail

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Hook is notified of each request to Graph, for traces, metrics and audits: when it
// begins, before it waits for the limiter, and when its answer has been read or given up.
// Each retry is reported separately; a batch is one request.
//
// The context that TraceRequestStart returns must be derived from the one that it
// receives. It becomes the context of the request, and TraceRequestEnd receives it as
// well. Both methods are called by the goroutine that makes the request, which waits for
// them. They may be called concurrently.
type Hook interface {
	// TraceRequestStart receives the fields of a request up to ClientRequestID.
	TraceRequestStart(ctx context.Context, r Request) context.Context
	TraceRequestEnd(ctx context.Context, r Request)
}

// Request is a request to Graph and its outcome. It contains no secrets and nothing of a
// message, except that the text of Err may quote an answer of Graph: use Code for
// metrics.
type Request struct {
	Operation       string // such as "PATCH message"
	Payer           string // address of the mailbox, in lower case, or [DirectoryPayer]
	Host            string // host that it is sent to
	Attempt         int    // number of the request within this call, from 1
	ClientRequestID string // GUID that Graph logs as well; empty for an import

	Status    int           // status of the answer; 0: there was none
	Code      string        // error code as Graph spells it; empty: none
	RequestID string        // Graph's id of the request, for Microsoft support
	Unsent    bool          // nothing was sent
	Throttled bool          // Graph asked to slow down
	Refused   bool          // Graph itself has answered, and not carried it out
	BytesOut  int64         // size of the request body
	BytesIn   int64         // size of the answer's body, unpacked
	Waited    time.Duration // time spent waiting for the limiter and the budget
	Duration  time.Duration // total time, including Waited
	BackOff   time.Duration // pause that Graph asked for; zero: none
	Err       error         // nil: the request was carried out
}

// watched makes the client report the costs of requests to the engine and, if there is a
// hook, each request to the hook.
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

// spend reports the cost of a request to the engine.
func spend(ctx context.Context, c graph.Call) {
	driver.Spend(ctx, driver.Spending{
		Unsent: c.Unsent, RequestID: c.RequestID, Server: c.Host, BytesOut: c.BytesOut, BytesIn: c.BytesIn, Waited: c.Waited, Payer: c.Payer, BackOff: c.BackOff,
	})
}
