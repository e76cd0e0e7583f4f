package quarantine

import (
	"context"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Journal durably records what is about to be done, so [Service.Recover] can
// settle an interrupted run. An intent is written before the first change on
// the server and removed when its outcome is certain.
type Journal interface {
	// Begin writes an intent, replacing one with the same operation. When it
	// returns, the intent survives a crash.
	Begin(ctx context.Context, in Intent) error
	// Finish removes an intent. It is not an error if the intent does not exist.
	Finish(ctx context.Context, operation string) error
	// Open returns the unfinished intents, oldest first. Intents returned together
	// with an error are settled all the same.
	Open(ctx context.Context) ([]Intent, error)
}

// Intent is one item that is about to be carried.
type Intent struct {
	Operation string           `json:"operation"`
	Direction driver.Direction `json:"direction"`
	Target    Target           `json:"target"`
	// From is where the item was when the intent was written, as far as known.
	From Place `json:"from"`
	// MessageID and Received are those of the item.
	MessageID string    `json:"messageId,omitempty"`
	Received  time.Time `json:"received,omitzero"`
	At        time.Time `json:"at"`
	// Attempt and Lease are those of the stamp: see [driver.Stamp]. Intents of
	// earlier versions have none.
	Attempt string    `json:"attempt,omitempty"`
	Lease   time.Time `json:"lease,omitzero"`
}

// ledger records the intents of one target.
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
		Attempt: stamp.Attempt, Lease: stamp.Lease,
	})
}

// Knows reports whether there is an intent for an operation.
func (l ledger) Knows(ctx context.Context, operation string) (bool, error) {
	intents, err := l.journal.Open(ctx)
	known := slices.ContainsFunc(intents, func(in Intent) bool { return in.Operation == operation })
	if known {
		err = nil
	}
	return known, err
}

// Finish removes the intent.
func (l ledger) Finish(ctx context.Context, operation string) error {
	return l.journal.Finish(ctx, operation)
}
