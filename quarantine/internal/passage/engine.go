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

// Engine is what all passages of a service have in common.
type Engine struct {
	Strategy driver.Strategy

	// Attempts is how often a step that failed for a passing reason is repeated,
	// and Wait the time before the first repetition.
	Attempts int
	Wait     time.Duration

	// QuarantineHeader is put on each copy in quarantine, UndoHeader on each that
	// is restored. No name: none.
	QuarantineHeader, UndoHeader driver.Header

	// Sweeps: what moving an item away leaves in Recoverable Items is removed.
	Sweeps bool

	Log *slog.Logger
}

// Ledger keeps what is about to be done with an item, durably, until it is done.
type Ledger interface {
	// Begin notes that an item is about to get a stamp and to be carried.
	Begin(ctx context.Context, stamp driver.Stamp, it driver.Item) error
	// Finish takes the note away.
	Finish(ctx context.Context, operation string) error
}

// New returns p, to be run by the engine.
func (e *Engine) New(p Passage) *Passage {
	p.engine = e
	return &p
}

// Arrived returns the passage of an item that an interrupted run has brought
// back to its user with the stamp still on, to be released.
func (e *Engine) Arrived(at driver.Mailbox, it driver.Item, l Ledger) *Passage {
	return &Passage{Direction: driver.ToUser, To: at, Ledger: l, engine: e, stamp: *it.Stamp, copied: &it, begun: it.Stamp.Operation}
}

// pause waits before a repetition.
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

// Sweep removes what moving an item away left in Recoverable Items, if that is
// wanted and the driver can. It returns what could not be removed.
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
			return fmt.Sprintf("Recoverable Items may still hold it: %v", err)
		}
	}
}

// Remove removes one item, repeating it as needed: an id names one item, so to
// remove it twice does no harm. Where the first answer was lost, that it is gone
// is the success.
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
