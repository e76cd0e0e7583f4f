package passage

import (
	"context"
	"errors"
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

	// Lag is how long a search may fail to show what was written. Doubt is how
	// long a write may still take effect after it was sent.
	Lag, Doubt time.Duration

	// MarkWait is how long to wait between marking an item and reading the mark back,
	// on a server that ignores change keys. A mark is sent within half of that time
	// after the item was read.
	MarkWait time.Duration

	// Keys seal stamps: the first key seals new ones, and any key may have
	// sealed a stamp that is found. Without keys, stamps have no seal.
	Keys [][]byte

	// QuarantineHeader is set on each copy in quarantine, UndoHeader on each
	// restored one. An empty name means none.
	QuarantineHeader, UndoHeader driver.Header

	// Leaves means that whatever a move leaves in Recoverable Items stays there.
	Leaves bool

	// Shelf returns the folder of the quarantine mailbox for surplus copies.
	Shelf func(context.Context) (driver.Folder, error)

	Log *slog.Logger

	// Jitter returns how much of a delay to wait; nil means a random part of it, at
	// least half. Saw, if set, is called with the row of the table that fits a look.
	// Both are for tests.
	Jitter func(time.Duration) time.Duration
	Saw    func(row string)
}

// Ledger durably records what is about to be done with an item until it is
// done.
type Ledger interface {
	// Begin records that an item is about to be stamped and carried. The error matches
	// [ErrUndecided] if another run has recorded the same and is still working on it.
	Begin(ctx context.Context, stamp driver.Stamp, it driver.Item) error
	// Finish removes the record.
	Finish(ctx context.Context, operation string) error
	// Knows reports whether there is a record of an operation.
	Knows(ctx context.Context, operation string) (bool, error)
}

// New returns p, bound to the engine.
func (e *Engine) New(p Passage) *Passage {
	p.engine = e
	return &p
}

// window returns how long after stamping an item its carriage may last, from
// reading the item to the answer.
func (e *Engine) window() time.Duration { return e.Doubt / 3 }

// pause waits before a retry.
func (e *Engine) pause(ctx context.Context, attempt int) error {
	count(ctx, 1, 0)
	d := min(e.Wait<<min(attempt, 10), 30*time.Second)
	if e.Jitter != nil {
		return e.Sleep(ctx, e.Jitter(d))
	}
	return e.Sleep(ctx, d/2+rand.N(d/2+1))
}

// Sleep waits, unless the context ends first.
func (e *Engine) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	defer func(from time.Time) {
		count(ctx, 0, time.Since(from))
		driver.Spend(ctx, driver.Spending{Unsent: true, Waited: time.Since(from)})
	}(time.Now())
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// again reports whether to repeat a call that can be repeated safely, after a
// pause.
func (e *Engine) again(ctx context.Context, attempt int, err error) bool {
	return attempt < e.Attempts && (driver.Temporary(err) || !driver.Untouched(err)) && e.pause(ctx, attempt) == nil
}

// Inspect reads an item, retrying as needed. It returns nil if the item does not
// exist under this id.
func (e *Engine) Inspect(ctx context.Context, m driver.Mailbox, id string) (*driver.Item, error) {
	if id == "" {
		return nil, nil
	}
	for attempt := 0; ; attempt++ {
		it, err := m.Inspect(ctx, id)
		if err == nil && it.ID != id {
			err = errAnother
		}
		switch {
		case err == nil:
			return &it, nil
		case errors.Is(err, driver.ErrGone):
			return nil, nil
		case !driver.Temporary(err) || !e.again(ctx, attempt, err):
			return nil, err
		}
	}
}

// errAnother means that a driver has not noticed that it was given the answer to
// another call.
var errAnother = &driver.Error{Err: errors.New("the answer is about another item"), Untouched: true, Temporary: true}

// Find searches, retrying as needed.
func (e *Engine) Find(ctx context.Context, m driver.Mailbox, q driver.Query) (driver.Findings, error) {
	for attempt := 0; ; attempt++ {
		found, err := m.Find(ctx, q)
		if err == nil {
			err = Fits(q, found)
		}
		found.Items = Distinct(found.Items)
		if err == nil || !driver.Temporary(err) || !e.again(ctx, attempt, err) {
			return found, err
		}
	}
}

// Distinct returns items without those whose id has occurred before: if something
// arrives between two pages of a search, or the same folder is searched again, one item
// is shown twice.
func Distinct(items []driver.Item) []driver.Item {
	seen := make(map[string]bool, len(items))
	var distinct []driver.Item
	for _, it := range items {
		if !seen[it.ID] {
			seen[it.ID] = true
			distinct = append(distinct, it)
		}
	}
	return distinct
}

// errMisfit is the error for such an answer, and says what to do if asking
// again does not help.
var errMisfit = errors.New("the answer to a search lists an item that was not asked for, so nothing was done on its word; " +
	"run it again, and if that does not help, look for a gateway that mixes up responses, or report it to whoever wrote the driver")

// Fits returns an error if a search has found what it was not asked for: the answer
// belongs to another query, or the driver breaks its contract. Then neither what the
// answer contains nor what it lacks proves anything.
func Fits(q driver.Query, found driver.Findings) error {
	for _, it := range found.Items {
		if !q.Matches(it) {
			return &driver.Error{Err: errMisfit, Temporary: true, Untouched: true, Answered: true}
		}
	}
	return nil
}
