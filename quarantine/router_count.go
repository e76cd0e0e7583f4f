package quarantine

import (
	"iter"
	"sync"
)

// count is what the criteria of one call match, on all servers.
type count struct {
	router *Router

	mu      sync.Mutex
	tallies map[string]*hitTally // by server
	held    []*Receipt           // of Find, for the targets that wait
	err     error                // there is too much
}

func (r *Router) newCount() *count { return &count{router: r, tallies: make(map[string]*hitTally)} }

// add counts what was found for a target, and holds the target back until all
// have been counted.
func (c *count) add(found *Receipt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = append(c.held, found)
	tally := c.tallies[found.Server]
	if tally == nil {
		tally = c.router.named(found.Server).service.limits.newTally()
		c.tallies[found.Server] = tally
	}
	if err := tally.add(len(found.Items)); c.err == nil {
		c.err = err
	}
}

// targets yields those that were held back.
func (c *count) targets() iter.Seq[Target] {
	return func(yield func(Target) bool) {
		for _, found := range c.held {
			if !yield(found.Target) {
				return
			}
		}
	}
}
