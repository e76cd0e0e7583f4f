package quarantine

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// Mark keeps the receipt of a target.
func (j *MemoryJournal) Mark(_ context.Context, campaign string, r *Receipt) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.marks == nil {
		j.marks = make(map[string]map[string][]byte)
	}
	if j.marks[campaign] == nil {
		j.marks[campaign] = make(map[string][]byte)
	}
	j.marks[campaign][r.Target.Key()] = text
	return nil
}

// Marked returns the receipt of a target, or nil if it has none in the campaign.
func (j *MemoryJournal) Marked(_ context.Context, campaign string, t Target) (*Receipt, error) {
	j.mu.Lock()
	text := j.marks[campaign][t.Key()]
	j.mu.Unlock()
	if text == nil {
		return nil, nil
	}
	r := new(Receipt)
	return r, json.Unmarshal(text, r)
}

// Marks yields the receipts of a campaign.
func (j *MemoryJournal) Marks(ctx context.Context, campaign string) iter.Seq2[*Receipt, error] {
	return func(yield func(*Receipt, error) bool) {
		j.mu.Lock()
		all := slices.Collect(maps.Values(j.marks[campaign]))
		j.mu.Unlock()
		for _, text := range all {
			r := new(Receipt)
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if err := json.Unmarshal(text, r); !yield(r, err) {
				return
			}
		}
	}
}

// Forget removes the marks of a campaign.
func (j *MemoryJournal) Forget(_ context.Context, campaign string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.marks, campaign)
	return nil
}
