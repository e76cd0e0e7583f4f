package passage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Engine is what all passages of a service share.
type Engine struct {
	Strategy driver.Strategy

	// Attempts is how often a step is retried after a temporary failure, and Wait
	// the delay before the first retry.
	Attempts int
	Wait     time.Duration

	// QuarantineHeader is set on each copy in quarantine, UndoHeader on each
	// restored one. An empty name means none.
	QuarantineHeader, UndoHeader driver.Header

	// Sweeps means that what a move leaves in Recoverable Items is removed.
	Sweeps bool

	Log *slog.Logger
}

// Ledger durably records what is about to be done with an item until it is
// done.
type Ledger interface {
	// Begin records that an item is about to be stamped and carried.
	Begin(ctx context.Context, stamp driver.Stamp, it driver.Item) error
	// Finish removes the record.
	Finish(ctx context.Context, operation string) error
}

// New returns p, bound to the engine.
func (e *Engine) New(p Passage) *Passage {
	p.engine = e
	return &p
}

// Arrived returns the passage of an item that an interrupted run has returned
// to its user with the stamp still on, ready for Release.
func (e *Engine) Arrived(at driver.Mailbox, it driver.Item, l Ledger) *Passage {
	return &Passage{Direction: driver.ToUser, To: at, Ledger: l, engine: e, stamp: *it.Stamp, copied: &it, begun: it.Stamp.Operation}
}

// pause waits before a retry.
func (e *Engine) pause(ctx context.Context, attempt int) error {
	d := min(e.Wait<<min(attempt, 10), 30*time.Second)
	d = d/2 + rand.N(d/2+1)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Sweep removes what a move left in Recoverable Items, if enabled and supported
// by the driver. It returns what could not be removed.
func (e *Engine) Sweep(ctx context.Context, from driver.Mailbox, operation string) (residue string) {
	sweeper, ok := driver.As[driver.Sweeper](from)
	if !e.Sweeps || !ok {
		return ""
	}
	for attempt := 0; ; attempt++ {
		_, err := sweeper.Sweep(ctx, operation)
		if err == nil {
			return ""
		}
		if attempt == e.Attempts || !driver.Temporary(err) && driver.Untouched(err) || e.pause(ctx, attempt) != nil {
			return fmt.Sprintf("it may still be in Recoverable Items: %v", err)
		}
	}
}

// Remove removes one item, retrying as needed: an id names one item, so
// removing it twice does no harm. On a retry, ErrGone counts as success,
// because the first answer may have been lost.
func (e *Engine) Remove(ctx context.Context, m driver.Mailbox, it driver.Item) error {
	for attempt := 0; ; attempt++ {
		err := m.Remove(ctx, it)
		if err == nil || attempt > 0 && errors.Is(err, driver.ErrGone) {
			return nil
		}
		if errors.Is(err, driver.ErrGone) || attempt == e.Attempts || !errors.Is(err, driver.ErrConflict) && !driver.Temporary(err) && driver.Untouched(err) {
			return err
		}
		if err := e.pause(ctx, attempt); err != nil {
			return err
		}
	}
}
