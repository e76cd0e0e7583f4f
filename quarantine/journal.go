package quarantine

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Journal keeps what is about to be done, durably, so that an interrupted run
// can be settled by [Service.Recover]. An intent is written before the first
// change on the server and taken away when its outcome is certain.
//
// Methods may be called concurrently.
type Journal interface {
	// Begin writes an intent. When it returns, the intent survives a crash. One
	// with the same operation is replaced.
	Begin(ctx context.Context, in Intent) error
	// Finish takes an intent away. One that is not there is no error.
	Finish(ctx context.Context, operation string) error
	// Open returns the intents that were begun and not finished, oldest first.
	// Those that it returns beside an error are settled all the same.
	Open(ctx context.Context) ([]Intent, error)
}

// Intent is one item that is about to be carried.
type Intent struct {
	Operation string           `json:"operation"`
	Direction driver.Direction `json:"direction"`
	Target    Target           `json:"target"`
	// From is where the item is, as far as it was known.
	From Place `json:"from"`
	// MessageID and Received are the item's.
	MessageID string    `json:"messageId,omitempty"`
	Received  time.Time `json:"received,omitzero"`
	At        time.Time `json:"at"`
}

// ledger keeps the intents of one target.
type ledger struct {
	journal Journal
	target  Target
}

func (s *Service) ledger(t Target) passage.Ledger { return ledger{s.journal, t} }

// Begin writes an intent.
func (l ledger) Begin(ctx context.Context, stamp driver.Stamp, it driver.Item) error {
	return l.journal.Begin(ctx, Intent{
		Operation: stamp.Operation, Direction: stamp.Direction, Target: l.target,
		From: placeOf(it), MessageID: it.MessageID, Received: it.Received, At: time.Now().UTC(),
	})
}

// Finish takes it away.
func (l ledger) Finish(ctx context.Context, operation string) error {
	return l.journal.Finish(ctx, operation)
}
