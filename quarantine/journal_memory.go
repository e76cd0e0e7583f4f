package quarantine

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// MemoryJournal is a [Journal] in memory, for tests: it is lost when the
// process ends. The zero value is empty and ready to use. It is also an [IntentFinder].
type MemoryJournal struct {
	mu      sync.Mutex
	intents map[string]Intent
}

// Begin records an intent.
func (j *MemoryJournal) Begin(_ context.Context, in Intent) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.intents == nil {
		j.intents = make(map[string]Intent)
	}
	j.intents[in.Operation] = in
	return nil
}

// Finish removes an intent.
func (j *MemoryJournal) Finish(_ context.Context, operation string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.intents, operation)
	return nil
}

// Open returns the unfinished intents, oldest first.
func (j *MemoryJournal) Open(context.Context) ([]Intent, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.SortedFunc(maps.Values(j.intents), func(a, b Intent) int { return a.At.Compare(b.At) }), nil
}

// FindOperation returns the intent of an operation, if there is one.
func (j *MemoryJournal) FindOperation(_ context.Context, operation string) (in Intent, found bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	in, found = j.intents[operation]
	return in, found, nil
}

// FindTarget returns the unfinished intents of a target, oldest first.
func (j *MemoryJournal) FindTarget(ctx context.Context, t Target) ([]Intent, error) {
	all, err := j.Open(ctx)
	return slices.DeleteFunc(all, func(in Intent) bool { return !in.Target.Same(t) }), err
}
