package graph

import (
	"context"
	"time"
)

// Limits of Graph for each application and mailbox. See
// https://learn.microsoft.com/en-us/graph/throttling-limits#outlook-service-limits.
const (
	// Concurrent is the maximum number of requests in flight: Graph allows four, and
	// clients with exactly four have been refused.
	Concurrent = 3
	// Requests is the maximum number of requests within RequestsWindow. Graph allows
	// 10,000; the margin is for clocks that differ.
	Requests = 9600
	// RequestsWindow is the period to which Requests applies.
	RequestsWindow = 10 * time.Minute
	// UploadBytes is the maximum number of bytes uploaded within UploadWindow.
	UploadBytes = 150_000_000
	// UploadWindow is the period to which UploadBytes applies.
	UploadWindow = 5 * time.Minute
)

// Limiter decides when a request may be sent. The payer is the mailbox. The limiter of
// package throttle implements it.
type Limiter interface {
	// Acquire waits until a request charged to payer may be sent. release is called once,
	// after the answer has been read: throttled reports whether Graph asked the payer to
	// slow down, and backOff for how long (zero: it did not say).
	Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error)
}

// Reserver is a [Limiter] that can grant permission for several requests together, for an
// export that is streamed into an import.
type Reserver interface {
	Limiter
	// Reserve waits until a permission is available for each payer named, and takes them
	// together.
	Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error)
}

// Budget bounds what is sent over time.
type Budget interface {
	// Spend waits until a payer may send one more request with approximately that many
	// bytes, and counts it.
	Spend(ctx context.Context, payer string, bytes int64) error
	// Add counts further bytes of a request whose length was not known before.
	Add(payer string, bytes int64)
}

// Reserve reserves permission for requests in flight together, one for each payer. They
// are sent with the returned context; done ends the reservation and must be called.
func (c *Client) Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error) {
	if r, ok := c.limiter.(Reserver); ok && len(payers) > 0 {
		return r.Reserve(ctx, payers...)
	}
	return ctx, func() {}, nil
}
