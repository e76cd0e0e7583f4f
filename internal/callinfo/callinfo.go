// Package callinfo carries, in the context of a request for permission to call, what the
// call is for: from package ews, which knows, to package throttle, which need not know
// package ews. A context passes through limiters that programs put around others; more
// methods of an interface would not.
package callinfo

import (
	"context"
	"sync/atomic"
	"time"
)

// Call is one call, or what a program says about all calls that it makes with a context.
type Call struct {
	Operation string // such as MoveItem; empty: unknown
	Mailbox   string // on whose behalf; empty: nobody's in particular
	Major     int    // major version of the server, such as 15; 0: unknown

	unanswered atomic.Bool
	roundTrip  atomic.Int64
}

// SetRoundTrip records how long a connection for the call took to be made. That is a round
// trip on the network, to a place that is no further away than the server.
func (c *Call) SetRoundTrip(d time.Duration) {
	for {
		old := c.roundTrip.Load()
		if old != 0 && old <= int64(d) || c.roundTrip.CompareAndSwap(old, int64(max(d, 1))) {
			return
		}
	}
}

// RoundTrip returns the shortest that was recorded; 0: none was.
func (c *Call) RoundTrip() time.Duration {
	if c == nil {
		return 0
	}
	return time.Duration(c.roundTrip.Load())
}

// SetUnanswered records that the call got no answer, so that the time it took says nothing
// about the server.
func (c *Call) SetUnanswered() { c.unanswered.Store(true) }

// Unanswered reports whether the call got no answer. As the other methods that read, it may
// be called for nil, of which nothing is known.
func (c *Call) Unanswered() bool { return c != nil && c.unanswered.Load() }

// Name returns the operation.
func (c *Call) Name() string {
	if c == nil {
		return ""
	}
	return c.Operation
}

// Version returns the major version.
func (c *Call) Version() int {
	if c == nil {
		return 0
	}
	return c.Major
}

type key struct{}

// With returns a context that carries c.
func With(ctx context.Context, c *Call) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns what ctx carries, or nil.
func From(ctx context.Context) *Call {
	c, _ := ctx.Value(key{}).(*Call)
	return c
}
