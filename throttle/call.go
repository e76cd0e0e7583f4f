package throttle

import (
	"context"

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
}

// About returns a context for [Limiter.Acquire] and [Limiter.Reserve] that says what the
// calls are for. Calls of an ews.Client with it are made on behalf of its Mailbox; the rest
// the client knows better.
func About(ctx context.Context, c Call) context.Context {
	return callinfo.With(ctx, &callinfo.Call{Operation: c.Operation, Mailbox: c.Mailbox, Major: c.Major})
}
