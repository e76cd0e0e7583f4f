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

// claims are the claims of a service to the intents that it works on. Each is renewed
// when a third of its lease has passed, until it is finished or given up.
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
	run     string // the [runKey] of its target
	renewal *time.Timer
}

// put takes on a new claim to an intent of a target. The context is that of the run:
// work in the background gets its values, but does not end with it.
func (c *claims) put(ctx context.Context, claim Claim, t Target) {
	if c.journal == (noJournal{}) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(context.WithoutCancel(ctx), claim, runKey(t))
}

// set holds a claim and schedules its renewal. The claims are locked.
func (c *claims) set(ctx context.Context, claim Claim, run string) {
	if had, ok := c.held[claim.Operation]; ok {
		had.renewal.Stop()
	}
	c.held[claim.Operation] = heldClaim{claim, run, time.AfterFunc(max(c.lease/3, time.Millisecond), func() { c.renew(ctx, claim) })}
}

// again keeps holding a claim that was renewed, or whose renewal is to be retried, and
// reports whether it was still held.
func (c *claims) again(ctx context.Context, claim Claim) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.held[claim.Operation]
	if !ok || h.Token != claim.Token {
		return false
	}
	c.set(ctx, claim, h.run)
	return true
}

func (c *claims) get(operation string) (Claim, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.held[operation]
	return h.Claim, ok
}

// drop forgets a claim. It reports whether it was held.
func (c *claims) drop(claim Claim) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.held[claim.Operation]
	if !ok || h.Token != claim.Token {
		return false
	}
	h.renewal.Stop()
	delete(c.held, claim.Operation)
	return true
}

// renew renews a claim. If that fails, it tries again after the same interval,
// unless the claim is lost.
func (c *claims) renew(ctx context.Context, claim Claim) {
	if now, ok := c.get(claim.Operation); !ok || now.Token != claim.Token {
		return
	}
	timed, cancel := context.WithTimeout(ctx, c.lease/3)
	defer cancel()
	renewed, err := c.journal.Renew(timed, claim, c.lease)
	if err == nil {
		claim.Until = renewed.Until
		if !c.again(ctx, claim) {
			c.giveUp(ctx, claim) // it was dropped during the renewal
		}
		return
	}
	// A claim that was finished or given up in the meantime is not worth a warning. A lost
	// one is kept, but no longer renewed: with it, the run cannot end what others have
	// written under the operation since.
	lost := errors.Is(err, ErrClaimLost)
	now, held := c.get(claim.Operation)
	if lost && held && now.Token == claim.Token || !lost && c.again(ctx, claim) {
		c.log.WarnContext(ctx, "journal: claim could not be renewed", "operation", claim.Operation, "error", err)
	}
}

// begin writes an intent.
func (c *claims) begin(ctx context.Context, in Intent) error {
	claim, err := c.journal.Begin(ctx, in, c.owner, c.lease)
	if errors.Is(err, ErrHeld) {
		return fmt.Errorf("%w; another run may be working on it: %w", passage.ErrUndecided, err)
	}
	if err == nil {
		c.put(ctx, claim, in.Target)
	}
	return err
}

// take claims an intent that another run has left.
func (c *claims) take(ctx context.Context, operation string) (Intent, error) {
	in, claim, err := c.journal.Claim(ctx, operation, c.owner, c.lease)
	if err == nil {
		c.put(ctx, claim, in.Target)
	}
	return in, err
}

// finish removes an intent. An intent that another owner holds, or has held since, is
// left to that owner.
func (c *claims) finish(ctx context.Context, operation string) error {
	claim, ok := c.get(operation)
	if !ok {
		_, err := c.take(ctx, operation)
		if errors.Is(err, ErrNoIntent) || errors.Is(err, ErrHeld) {
			return nil
		}
		if err != nil {
			return err
		}
		defer c.release(ctx, operation) // if it fails
		claim, _ = c.get(operation)
	}
	err := c.journal.Finish(ctx, claim)
	if err == nil {
		c.drop(claim)
	}
	return err // a lost claim is kept as such until the run gives it up
}

// release gives up the claim to an intent that stays, so that others need not wait for
// its lease to end.
func (c *claims) release(ctx context.Context, operation string) {
	if claim, ok := c.get(operation); ok && c.drop(claim) {
		c.giveUp(ctx, claim)
	}
}

// abandon gives up the claims that a run still has at its end because a panic in a driver
// or a hook, which the caller may survive, has cut it short.
func (c *claims) abandon(ctx context.Context, run string) {
	c.mu.Lock()
	var left []Claim
	for _, h := range c.held {
		if h.run == run {
			left = append(left, h.Claim)
		}
	}
	c.mu.Unlock()
	for _, claim := range left {
		if c.drop(claim) {
			c.giveUp(ctx, claim)
		}
	}
}

// givingUp bounds the work done after a run has ended, perhaps along with its context.
const givingUp = 5 * time.Second

func (c *claims) giveUp(ctx context.Context, claim Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingUp)
	defer cancel()
	if _, err := c.journal.Renew(ctx, claim, 0); err != nil && !errors.Is(err, ErrClaimLost) {
		c.log.WarnContext(ctx, "journal: claim could not be given up; it ends with its lease", "operation", claim.Operation, "error", err)
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
		Operation: stamp.Operation, Direction: stamp.Direction, Server: l.service.name,
		Quarantine: l.service.vaultOf(l.target.Mailbox).Address(), Target: l.target,
		From: l.service.place(it), MessageID: it.MessageID, Received: it.Received, At: time.Now().UTC(),
		Attempt: stamp.Attempt, Lease: stamp.Lease,
	})
}

// Knows reports whether there is an intent for an operation.
func (l ledger) Knows(ctx context.Context, operation string) (bool, error) {
	_, known, err := l.service.claims.journal.FindOperation(ctx, operation)
	return known, err
}

// Finish removes the intent. It may use up all the time that the run has left, so a journal
// that did not answer is not also asked to give up the claim, which ends with its lease.
func (l ledger) Finish(ctx context.Context, operation string) error {
	err := l.service.claims.finish(ctx, operation)
	if err != nil && ctx.Err() != nil {
		if claim, ok := l.service.claims.get(operation); ok {
			l.service.claims.drop(claim)
		}
	}
	return err
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

// settles reports whether an intent belongs to this service. An intent of an earlier
// version does not name its server: it belongs to this service unless others share
// the journal.
func (s *Service) settles(in Intent) bool {
	if in.Server == "" {
		return !s.shared.Load()
	}
	return strings.EqualFold(in.Server, s.name)
}
