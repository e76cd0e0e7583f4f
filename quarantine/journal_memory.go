package quarantine

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemoryJournal is a [Journal] in memory, for tests: it is lost when the process ends.
// The zero value is empty and ready to use. Services that are given the same
// MemoryJournal share it, as processes share a database. It is also a [CampaignJournal].
type MemoryJournal struct {
	mu      sync.Mutex
	intents map[string]memoryIntent
	token   int64
	marks   map[string]map[string][]byte // receipts by campaign and key of the target
}

// memoryIntent is an intent with the claim to it.
type memoryIntent struct {
	Intent
	claim Claim
}

// heldBy returns an error if somebody other than the owner has a claim.
func (in memoryIntent) heldBy(owner string) error {
	if in.claim.Owner == owner || !time.Now().Before(in.claim.Until) {
		return nil
	}
	return &HeldError{Operation: in.Operation, Owner: in.claim.Owner, Until: in.claim.Until}
}

// put stores an intent with a new claim. The journal is locked.
func (j *MemoryJournal) put(in Intent, owner string, lease time.Duration) Claim {
	j.token++
	c := Claim{Operation: in.Operation, Owner: owner, Token: j.token, Until: time.Now().Add(lease)}
	if j.intents == nil {
		j.intents = make(map[string]memoryIntent)
	}
	j.intents[in.Operation] = memoryIntent{in, c}
	return c
}

// Begin records an intent.
func (j *MemoryJournal) Begin(_ context.Context, in Intent, owner string, lease time.Duration) (Claim, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.intents[in.Operation].heldBy(owner); err != nil {
		return Claim{}, err
	}
	return j.put(in, owner, lease), nil
}

// Claim claims an intent.
func (j *MemoryJournal) Claim(_ context.Context, operation, owner string, lease time.Duration) (Intent, Claim, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	in, ok := j.intents[operation]
	if !ok {
		return Intent{}, Claim{}, ErrNoIntent
	}
	if err := in.heldBy(owner); err != nil {
		return Intent{}, Claim{}, err
	}
	return in.Intent, j.put(in.Intent, owner, lease), nil
}

// Renew makes a claim last longer, or gives it up.
func (j *MemoryJournal) Renew(_ context.Context, c Claim, lease time.Duration) (Claim, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	in, ok := j.intents[c.Operation]
	if !ok || in.claim.Token != c.Token {
		return Claim{}, ErrClaimLost
	}
	in.claim.Until = time.Now().Add(lease)
	j.intents[c.Operation] = in
	return in.claim, nil
}

// Finish removes an intent.
func (j *MemoryJournal) Finish(_ context.Context, c Claim) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if in, ok := j.intents[c.Operation]; ok && in.claim.Token != c.Token {
		return ErrClaimLost
	}
	delete(j.intents, c.Operation)
	return nil
}

// Restart ends the leases of all claims, as when the only process that uses a journal is
// restarted. It is for tests in which a service stands for a process that has crashed.
func (j *MemoryJournal) Restart() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for operation, in := range j.intents {
		in.claim.Until = time.Time{}
		j.intents[operation] = in
	}
}

// Pending yields the intents as they are now, oldest first.
func (j *MemoryJournal) Pending(ctx context.Context) iter.Seq2[Intent, error] {
	return func(yield func(Intent, error) bool) {
		for _, in := range j.sorted(func(Intent) bool { return true }) {
			if ctx.Err() != nil {
				yield(Intent{}, context.Cause(ctx))
				return
			}
			if !yield(in, nil) {
				return
			}
		}
	}
}

// FindOperation returns the intent of an operation, if there is one.
func (j *MemoryJournal) FindOperation(_ context.Context, operation string) (in Intent, found bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	stored, found := j.intents[operation]
	return stored.Intent, found, nil
}

// FindTarget returns the intents of a target, oldest first.
func (j *MemoryJournal) FindTarget(_ context.Context, t Target) ([]Intent, error) {
	return j.sorted(func(in Intent) bool { return in.Target.Same(t) }), nil
}

// sorted returns some of the intents, oldest first.
func (j *MemoryJournal) sorted(wanted func(Intent) bool) (found []Intent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for in := range maps.Values(j.intents) {
		if wanted(in.Intent) {
			found = append(found, in.Intent)
		}
	}
	slices.SortFunc(found, func(a, b Intent) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Operation, b.Operation))
	})
	return found
}
