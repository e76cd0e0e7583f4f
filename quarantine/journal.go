package quarantine

import (
	"context"
	"iter"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Journal durably records what is about to be done, so [Service.Recover] can
// settle an interrupted run. An intent is written before the first change on
// the server and removed when its outcome is certain. A journal of many intents should
// also be an [IntentFinder] and an [IntentLister].
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

// IntentFinder is a [Journal] that finds an intent without reading all others. If it
// is one, it is asked for each item; otherwise Open is, which takes the longer, the
// more intents there are.
type IntentFinder interface {
	// FindOperation returns the intent of an operation, if there is one.
	FindOperation(ctx context.Context, operation string) (in Intent, found bool, err error)
	// FindTarget returns the unfinished intents whose Target asks for the same messages
	// ([Target.Same]), oldest first. Intents returned together with an error are settled
	// all the same.
	FindTarget(ctx context.Context, t Target) ([]Intent, error)
}

// IntentLister is a [Journal] that yields its intents one after the other. If it is
// one, [Service.Recover] uses it in place of Open, so that it need not hold all of them
// in memory.
type IntentLister interface {
	// Pending yields the unfinished intents, oldest first. An error stands for one that
	// cannot be read; the others are settled all the same. Begin and Finish may be called
	// meanwhile; what is begun then need not be yielded.
	Pending(ctx context.Context) iter.Seq2[Intent, error]
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
	service *Service
	target  Target
}

func (s *Service) ledger(t Target) passage.Ledger { return ledger{s, t} }

// Begin writes an intent.
func (l ledger) Begin(ctx context.Context, stamp driver.Stamp, it driver.Item) error {
	return l.service.journal.Begin(ctx, Intent{
		Operation: stamp.Operation, Direction: stamp.Direction, Target: l.target,
		From: l.service.place(it), MessageID: it.MessageID, Received: it.Received, At: time.Now().UTC(),
		Attempt: stamp.Attempt, Lease: stamp.Lease,
	})
}

// Knows reports whether there is an intent for an operation.
func (l ledger) Knows(ctx context.Context, operation string) (bool, error) {
	if finder, ok := l.service.journal.(IntentFinder); ok {
		_, known, err := finder.FindOperation(ctx, operation)
		return known, err
	}
	intents, err := l.service.journal.Open(ctx)
	for _, in := range intents {
		if in.Operation == operation {
			return true, nil
		}
	}
	return false, err
}

// Finish removes the intent.
func (l ledger) Finish(ctx context.Context, operation string) error {
	return l.service.journal.Finish(ctx, operation)
}

// intentsOf returns the intents of a target.
func (s *Service) intentsOf(ctx context.Context, t Target) ([]Intent, error) {
	if finder, ok := s.journal.(IntentFinder); ok {
		return finder.FindTarget(ctx, t)
	}
	intents, err := s.journal.Open(ctx)
	var same []Intent
	for _, in := range intents {
		if in.Target.Same(t) {
			same = append(same, in)
		}
	}
	return same, err
}

// pending yields the intents of the journal.
func (s *Service) pending(ctx context.Context) iter.Seq2[Intent, error] {
	if lister, ok := s.journal.(IntentLister); ok {
		return lister.Pending(ctx)
	}
	return func(yield func(Intent, error) bool) {
		intents, err := s.journal.Open(ctx)
		for _, in := range intents {
			if !yield(in, nil) {
				return
			}
		}
		if err != nil {
			yield(Intent{}, err)
		}
	}
}
