package throttle

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
)

// Call says what calls are for. All of it is optional: what is empty is unknown.
type Call struct {
	// Operation is what the server is asked to do, such as "MoveItem". Calls of the same
	// operation are expected to take about as long. Package ews says it.
	Operation string

	// Mailbox is on whose behalf the call is made. Callers that wait for the same payer
	// take turns by it, in any case. Package ews says the mailbox of the client's view,
	// unless the context says another.
	Mailbox string

	// Major is the major version of the server (14: Exchange 2010, 15: later ones), which
	// chooses the payer's [Preset]. Package ews says that of the server that last answered
	// for the mailbox.
	Major int

	// RoundTrip is a round trip on the network to the server, or to a place on the way;
	// 0: unknown. Package ews says how long it took to connect, if it had to.
	RoundTrip time.Duration
}

// About returns a context for [Limiter.Acquire] and [Limiter.Reserve] that says what the
// calls are for. Calls of an ews.Client with it are made on behalf of its Mailbox; the rest
// the client knows better.
func About(ctx context.Context, c Call) context.Context {
	info := &callinfo.Call{Operation: c.Operation, Mailbox: c.Mailbox, Major: c.Major}
	if c.RoundTrip > 0 {
		info.SetRoundTrip(c.RoundTrip)
	}
	return callinfo.With(ctx, info)
}
