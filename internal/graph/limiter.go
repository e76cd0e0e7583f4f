package graph

import (
	"context"
	"time"
)

// Limits of Graph for each application and mailbox. See
// https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits.
const (
	// Concurrent is how many requests may be in flight: Graph allows four, and clients
	// with exactly four have been refused.
	Concurrent = 3
	// Requests may be sent within RequestsWindow. Graph allows 10,000; the rest is for
	// clocks that differ.
	Requests = 9600
	// RequestsWindow is the time for which Requests holds.
	RequestsWindow = 10 * time.Minute
	// UploadBytes may be sent within UploadWindow.
	UploadBytes = 150_000_000
	// UploadWindow is the time for which UploadBytes holds.
	UploadWindow = 5 * time.Minute
)

// Limiter decides when a request may be sent: one for each mailbox, which is the payer.
// That of package throttle is one.
type Limiter interface {
	// Acquire waits until a request charged to payer may be sent. release is called
	// once, after the answer has been read: throttled tells whether Graph asked the
	// payer to slow down, and backOff for how long (zero: it did not say).
	Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error)
}

// Reserver is a [Limiter] that can promise several requests at once, for an export that
// is streamed into an import.
type Reserver interface {
	Limiter
	// Reserve waits for a permission for each payer named, and takes them together.
	Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error)
}

// Budget bounds what is sent over time.
type Budget interface {
	// Spend waits until a payer may send one more request with about that many bytes,
	// and counts it.
	Spend(ctx context.Context, payer string, bytes int64) error
	// Add counts further bytes of a request whose length was not known before.
	Add(payer string, bytes int64)
}

// Reserve promises requests in flight at once, one for each payer. They are sent with the
// context that it returns; done ends that and must be called.
func (c *Client) Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error) {
	if r, ok := c.limiter.(Reserver); ok && len(payers) > 0 {
		return r.Reserve(ctx, payers...)
	}
	return ctx, func() {}, nil
}
