package quarantine

import (
	"context"
	"iter"
	"time"
)

// noJournal stores nothing.
type noJournal struct{}

func (noJournal) Begin(_ context.Context, in Intent, owner string, _ time.Duration) (Claim, error) {
	return Claim{Operation: in.Operation, Owner: owner}, nil
}

func (noJournal) Claim(context.Context, string, string, time.Duration) (Intent, Claim, error) {
	return Intent{}, Claim{}, ErrNoIntent
}

func (noJournal) Renew(_ context.Context, c Claim, _ time.Duration) (Claim, error) { return c, nil }
func (noJournal) Finish(context.Context, Claim) error                              { return nil }
func (noJournal) Pending(context.Context) iter.Seq2[Intent, error] {
	return func(func(Intent, error) bool) {}
}

func (noJournal) FindOperation(context.Context, string) (Intent, bool, error) {
	return Intent{}, false, nil
}

func (noJournal) FindTarget(context.Context, Target) ([]Intent, error) { return nil, nil }
