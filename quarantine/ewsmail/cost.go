package ewsmail

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// spending reports the cost of each request of the strategy to the engine.
type spending struct{}

// TraceCallStart changes nothing.
func (spending) TraceCallStart(ctx context.Context, _ ews.CallStart) context.Context { return ctx }

// TraceCallSend checks whether a request of a batch may still be sent.
func (spending) TraceCallSend(ctx context.Context, _ ews.CallStart) error { return driver.Sending(ctx) }

// TraceCallEnd reports the cost of a request.
func (spending) TraceCallEnd(ctx context.Context, e ews.CallEnd) {
	s := driver.Spending{
		Unsent: e.Outcome == ews.CallUnsent, RequestID: e.RequestID, Server: e.Server,
		BytesOut: e.BytesOut, BytesIn: e.BytesIn, Waited: e.Waited, Payer: e.Payer, BackOff: e.BackOff,
	}
	if !e.Build.IsZero() {
		s.Build = e.Build.String()
	}
	driver.Spend(ctx, s)
}

// reserve reserves a call in each of two mailboxes, and reports how long that took. The
// calls themselves then do not wait.
func reserve(ctx context.Context, from, to *mailbox) (context.Context, func(), error) {
	began := time.Now()
	reserved, done, err := from.client.Reserve(ctx, to.client)
	if waited := time.Since(began); waited > 0 {
		driver.Spend(ctx, driver.Spending{Unsent: true, Waited: waited, Payer: from.client.Payer()})
	}
	return reserved, done, err
}
