package graph

import (
	"context"
	"math/rand/v2"
	"time"
)

func defaultJitter() float64 { return rand.Float64() }

// sleep waits, and returns the cause if the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
