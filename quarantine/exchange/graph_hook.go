package exchange

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// callHook reports requests to Graph to a hook for EWS requests, so counters, traces and
// logs continue when a tenant switches from EWS to Graph.
type callHook struct{ to ews.Hook }

// TraceRequestStart implements [graphmail.Hook].
func (h callHook) TraceRequestStart(ctx context.Context, r graphmail.Request) context.Context {
	return h.to.TraceCallStart(ctx, startOf(r))
}

// TraceRequestEnd implements [graphmail.Hook].
func (h callHook) TraceRequestEnd(ctx context.Context, r graphmail.Request) {
	e := ews.CallEnd{
		CallStart: startOf(r), Outcome: outcomeOf(r), Status: r.Status, Code: ews.ResponseCode(r.Code),
		RequestID: r.RequestID, Server: r.Host, BytesOut: r.BytesOut, BytesIn: r.BytesIn,
		Waited: r.Waited, Duration: r.Duration, BackOff: r.BackOff, Err: r.Err,
	}
	if r.Err == nil {
		e.Code = "NoError"
	}
	h.to.TraceCallEnd(ctx, e)
}

func startOf(r graphmail.Request) ews.CallStart {
	s := ews.CallStart{Operation: ews.Operation(r.Operation), Payer: r.Payer, Attempt: r.Attempt, ClientRequestID: r.ClientRequestID}
	if r.Payer != graphmail.DirectoryPayer {
		s.Mailbox = r.Payer
	}
	return s
}

func outcomeOf(r graphmail.Request) ews.CallOutcome {
	switch {
	case r.Throttled:
		return ews.CallThrottled
	case r.Unsent:
		return ews.CallUnsent
	case r.Err == nil:
		return ews.CallOK
	case r.Refused:
		return ews.CallRefused
	}
	return ews.CallFailed
}
