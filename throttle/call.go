package throttle

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
)

// Call describes what calls are for. Every field is optional; the zero value means
// unknown.
type Call struct {
	// Operation is what the server is asked to do, such as "MoveItem". Calls of the same
	// operation are expected to take about the same time. Package ews sets it.
	Operation string

	// Mailbox is the mailbox on whose behalf the call is made. Callers that wait for the
	// same payer take turns by mailbox. Its name is not case-sensitive. Package ews sets it
	// to the mailbox of the client's view, unless the context names another.
	Mailbox string

	// Major is the major version of the server (14: Exchange 2010, 15: later ones), which
	// selects the payer's [Preset]. Package ews sets it to that of the server that last
	// answered for the mailbox.
	Major int

	// RoundTrip is a round trip on the network to the server, or to a place on the way;
	// 0 means unknown. Package ews sets it to the time it took to connect, if it had to.
	RoundTrip time.Duration
}

// About returns a context for [Limiter.Acquire] and [Limiter.Reserve] that describes what
// the calls are for. An ews.Client that is called with it makes its calls on behalf of its
// Mailbox; the client sets the other fields itself.
func About(ctx context.Context, c Call) context.Context {
	info := &callinfo.Call{Operation: c.Operation, Mailbox: c.Mailbox, Major: c.Major}
	if c.RoundTrip > 0 {
		info.SetRoundTrip(c.RoundTrip)
	}
	return callinfo.With(ctx, info)
}
