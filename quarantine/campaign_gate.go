package quarantine

import (
	"context"
	"sync"
)

// gate holds up work that has not begun.
type gate struct {
	mu       sync.Mutex
	shutting chan struct{} // closed when the gate is opened; nil: it is open
}

// close shuts the gate, and reports whether it was open.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shutting != nil {
		return false
	}
	g.shutting = make(chan struct{})
	return true
}

// open opens the gate, and reports whether it was shut.
func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shutting == nil {
		return false
	}
	close(g.shutting)
	g.shutting = nil
	return true
}

func (g *gate) shut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shutting != nil
}

// pass waits until the gate is open. The error is the cause of the context.
func (g *gate) pass(ctx context.Context) error {
	for {
		g.mu.Lock()
		opened := g.shutting
		g.mu.Unlock()
		if opened == nil {
			return nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
