// Package callinfo carries information about a call in the context of the request for
// permission to make it: from package ews, which has it, to package throttle, which need
// not depend on package ews. A context passes through limiters that programs wrap around
// others; additional interface methods would not.
package callinfo

import (
	"context"
	"sync/atomic"
	"time"
)

// Call is one call, or information about all the calls that a program makes with a
// context.
type Call struct {
	Operation string // such as MoveItem; empty if unknown
	Mailbox   string // on whose behalf; empty if nobody's in particular
	Major     int    // major version of the server, such as 15; 0 if unknown

	unanswered atomic.Bool
	roundTrip  atomic.Int64
}

// SetRoundTrip records how long it took to establish a connection for the call. That is
// one network round trip, to a place no further away than the server.
func (c *Call) SetRoundTrip(d time.Duration) {
	for {
		old := c.roundTrip.Load()
		if old != 0 && old <= int64(d) || c.roundTrip.CompareAndSwap(old, int64(max(d, 1))) {
			return
		}
	}
}

// RoundTrip returns the shortest round trip recorded, or 0 if none was.
func (c *Call) RoundTrip() time.Duration {
	if c == nil {
		return 0
	}
	return time.Duration(c.roundTrip.Load())
}

// SetUnanswered records that the call got no answer, so the time it took says nothing
// about the server.
func (c *Call) SetUnanswered() { c.unanswered.Store(true) }

// Unanswered reports whether the call got no answer. Like the other read methods, it can
// be called on a nil Call, about which nothing is known.
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
