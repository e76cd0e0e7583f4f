package passage

import (
	"context"
	"sync"
	"time"
)

// Effort counts what an item costs in addition to its calls. Its methods may be
// called concurrently.
type Effort struct {
	mu      sync.Mutex
	retries int
	waited  time.Duration
}

type effortKey struct{}

// Counting returns a context for which retries and waiting are counted.
func Counting(ctx context.Context) (context.Context, *Effort) {
	e := new(Effort)
	return context.WithValue(ctx, effortKey{}, e), e
}

// Retries returns how often a step was repeated.
func (e *Effort) Retries() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.retries
}

// Waited returns the time spent waiting.
func (e *Effort) Waited() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.waited
}

// count adds to the Effort of a context, if it has one.
func count(ctx context.Context, retries int, waited time.Duration) {
	e, ok := ctx.Value(effortKey{}).(*Effort)
	if !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retries += retries
	e.waited += waited
}
