package quarantine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// claims are those that a service has to the intents that it works on.
type claims struct {
	journal Journal
	owner   string
	lease   time.Duration
	log     *slog.Logger

	mu   sync.Mutex
	held map[string]heldClaim // by operation
}

type heldClaim struct {
	Claim
	since time.Time // when it was made, renewed, or could not be renewed
}

func (c *claims) put(claim Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[claim.Operation] = heldClaim{claim, time.Now()}
}

func (c *claims) get(operation string) (heldClaim, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.held[operation]
	return h, ok
}

// drop forgets a claim, unless there is a newer one.
func (c *claims) drop(claim Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[claim.Operation].Token == claim.Token {
		delete(c.held, claim.Operation)
	}
}

// begin writes an intent.
func (c *claims) begin(ctx context.Context, in Intent) error {
	claim, err := c.journal.Begin(ctx, in, c.owner, c.lease)
	if errors.Is(err, ErrHeld) {
		return fmt.Errorf("%w; another run may be working on it: %w", passage.ErrUndecided, err)
	}
	if err == nil {
		c.put(claim)
	}
	return err
}

// take claims an intent that another run has left.
func (c *claims) take(ctx context.Context, operation string) (Intent, error) {
	in, claim, err := c.journal.Claim(ctx, operation, c.owner, c.lease)
	if err == nil {
		c.put(claim)
	}
	return in, err
}

// finish removes an intent. What another owner holds is left to it.
func (c *claims) finish(ctx context.Context, operation string) error {
	h, ok := c.get(operation)
	if !ok {
		_, err := c.take(ctx, operation)
		if errors.Is(err, ErrNoIntent) || errors.Is(err, ErrHeld) {
			return nil
		}
		if err != nil {
			return err
		}
		h, _ = c.get(operation)
	}
	err := c.journal.Finish(ctx, h.Claim)
	if err == nil || errors.Is(err, ErrClaimLost) {
		c.drop(h.Claim)
	}
	return err
}

// keep renews a claim when a third of its lease is over.
func (c *claims) keep(ctx context.Context, operation string) {
	h, ok := c.get(operation)
	if !ok || time.Since(h.since) < c.lease/3 {
		return
	}
	c.put(h.Claim) // whatever comes of it, it is not tried at each step
	claim, err := c.journal.Renew(ctx, h.Claim, c.lease)
	switch {
	case err == nil:
		c.put(claim)
		return
	case errors.Is(err, ErrClaimLost):
		c.drop(h.Claim)
	}
	c.log.WarnContext(ctx, "journal: claim could not be renewed", "operation", operation, "error", err)
}

// givingUp bounds what is done when a run has ended, perhaps with its context.
const givingUp = 5 * time.Second

// release gives up the claim to an intent that stays, so that others need not wait for
// its lease to end.
func (c *claims) release(ctx context.Context, operation string) {
	h, ok := c.get(operation)
	if !ok {
		return
	}
	c.drop(h.Claim)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingUp)
	defer cancel()
	if _, err := c.journal.Renew(ctx, h.Claim, 0); err != nil && !errors.Is(err, ErrClaimLost) {
		c.log.WarnContext(ctx, "journal: claim could not be given up; it ends with its lease", "operation", operation, "error", err)
	}
}

// ledger records the intents of one target.
type ledger struct {
	service *Service
	target  Target
}

func (s *Service) ledger(t Target) passage.Ledger { return ledger{s, t} }

// Begin writes an intent.
func (l ledger) Begin(ctx context.Context, stamp driver.Stamp, it driver.Item) error {
	return l.service.claims.begin(ctx, Intent{
		Operation: stamp.Operation, Direction: stamp.Direction, Server: l.service.name, Target: l.target,
		From: placeOf(it), MessageID: it.MessageID, Received: it.Received, At: time.Now().UTC(),
		Attempt: stamp.Attempt, Lease: stamp.Lease,
	})
}

// Knows reports whether there is an intent for an operation.
func (l ledger) Knows(ctx context.Context, operation string) (bool, error) {
	_, known, err := l.service.claims.journal.FindOperation(ctx, operation)
	return known, err
}

// Keep renews the claim to the intent of an operation.
func (l ledger) Keep(ctx context.Context, operation string) { l.service.claims.keep(ctx, operation) }

// Finish removes the intent.
func (l ledger) Finish(ctx context.Context, operation string) error {
	return l.service.claims.finish(ctx, operation)
}

// intentsOf returns the intents of a target on this server.
func (s *Service) intentsOf(ctx context.Context, t Target) ([]Intent, error) {
	all, err := s.claims.journal.FindTarget(ctx, t)
	var mine []Intent
	for _, in := range all {
		if s.settles(in) {
			mine = append(mine, in)
		}
	}
	return mine, err
}

// settles reports whether an intent is one of this service. One of an earlier version
// says nothing of its server: it is, unless others share the journal.
func (s *Service) settles(in Intent) bool {
	if in.Server == "" {
		return !s.shared.Load()
	}
	return strings.EqualFold(in.Server, s.name)
}
