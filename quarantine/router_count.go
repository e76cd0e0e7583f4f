package quarantine

import (
	"context"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// count is what the criteria in one call match, on all servers.
type count struct {
	router *Router

	mu      sync.Mutex
	tallies map[string]*hitTally // by server
	held    []counted            // waiting until everything has been counted
	err     error                // set if there are too many matches
}

// counted is a target and its matches.
type counted struct {
	receipt *Receipt // of Find
	found   driver.Findings
}

func (r *Router) newCount() *count { return &count{router: r, tallies: make(map[string]*hitTally)} }

// add counts the matches found for a target, and holds the target back.
func (c *count) add(h counted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = append(c.held, h)
	tally := c.tallies[h.receipt.Server]
	if tally == nil {
		tally = c.router.named(h.receipt.Server).service.limits.newTally()
		c.tallies[h.receipt.Server] = tally
	}
	if err := tally.add(len(h.found.Items)); c.err == nil {
		c.err = err
	}
}

// quarantine takes what was counted. It searches again only if the mailbox has
// moved to another server in the meantime.
func (h counted) quarantine(s *Service, ctx context.Context, t Target) (*Receipt, error) {
	if s.name != h.receipt.Server {
		return s.Quarantine(ctx, t)
	}
	r, err := s.quarantineFound(ctx, t, &h.found)
	if err == nil {
		r.Cost = h.receipt.Cost.Plus(r.Cost)
	}
	return r, err
}
