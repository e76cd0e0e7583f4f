package quarantinetest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// keyed is a journal with [quarantine.KeyedMarks].
type keyed struct {
	*quarantine.MemoryJournal
	hasMark func(ctx context.Context, campaign string, t quarantine.Target) (bool, error)
	markOf  func(ctx context.Context, campaign, key string) (*quarantine.Receipt, error)
}

func (k keyed) HasMark(ctx context.Context, campaign string, t quarantine.Target) (bool, error) {
	return k.hasMark(ctx, campaign, t)
}

func (k keyed) MarkOf(ctx context.Context, campaign, key string) (*quarantine.Receipt, error) {
	return k.markOf(ctx, campaign, key)
}

func keyedStore(mutate func(*keyed)) func(*testing.T) quarantinetest.JournalStore {
	return func(*testing.T) quarantinetest.JournalStore {
		j := &quarantine.MemoryJournal{}
		k := &keyed{
			MemoryJournal: j,
			hasMark: func(ctx context.Context, campaign string, t quarantine.Target) (bool, error) {
				r, err := j.Marked(ctx, campaign, t)
				return r != nil, err
			},
			markOf: func(ctx context.Context, campaign, key string) (*quarantine.Receipt, error) {
				for r, err := range j.Marks(ctx, campaign) {
					if err != nil || r.Target.Key() == key {
						return r, err
					}
				}
				return nil, nil
			},
		}
		mutate(k)
		return quarantinetest.JournalStore{Open: func(testing.TB) quarantine.Journal { return k }}
	}
}

// The suite tells a journal that keeps the contract of KeyedMarks from journals that do
// not.
func TestKeyedMarks(t *testing.T) {
	t.Parallel()
	quarantinetest.RunJournal(t, keyedStore(func(*keyed) {}))
	for name, mutate := range map[string]func(*keyed){
		"all are marked": func(k *keyed) {
			k.hasMark = func(context.Context, string, quarantine.Target) (bool, error) { return true, nil }
		},
		"none is marked": func(k *keyed) {
			k.hasMark = func(context.Context, string, quarantine.Target) (bool, error) { return false, nil }
		},
		"campaigns are one": func(k *keyed) {
			right := k.markOf
			k.markOf = func(ctx context.Context, _, key string) (*quarantine.Receipt, error) { return right(ctx, "a", key) }
		},
		"none has a receipt": func(k *keyed) {
			k.markOf = func(context.Context, string, string) (*quarantine.Receipt, error) { return nil, nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.NotEmpty(t, quarantinetest.JournalProblems(t, keyedStore(mutate)))
		})
	}
}
