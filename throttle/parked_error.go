package throttle

import (
	"context"
	"fmt"
	"time"
)

// ParkedError reports that a context ended during a pause that the server had asked for.
// Nothing was sent. It matches the cause of the context.
type ParkedError struct {
	Payer string    // in lower case
	Until time.Time // end of the pause
	Err   error     // the cause of the context
}

// Error returns both why nothing was sent, and when it may be.
func (e *ParkedError) Error() string {
	who := e.Payer
	if who == "" {
		who = "the caller"
	}
	return fmt.Sprintf("the server was busy, and %s is left alone until %s: %v", who, e.Until.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap returns the cause of the context.
func (e *ParkedError) Unwrap() error { return e.Err }

// gaveUp returns the error for a caller whose context has ended; p may be nil.
func (p *payer) gaveUp(ctx context.Context) error {
	if p == nil || !p.parked(time.Now()) {
		return context.Cause(ctx)
	}
	return &ParkedError{Payer: p.key, Until: p.until, Err: context.Cause(ctx)}
}
