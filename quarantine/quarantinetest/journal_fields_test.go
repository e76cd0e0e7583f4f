package quarantinetest_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// fields are the methods of a journal, for mutants to replace.
type fields struct {
	*quarantine.MemoryJournal
	begin         func(context.Context, quarantine.Intent, string, time.Duration) (quarantine.Claim, error)
	claim         func(context.Context, string, string, time.Duration) (quarantine.Intent, quarantine.Claim, error)
	renew         func(context.Context, quarantine.Claim, time.Duration) (quarantine.Claim, error)
	finish        func(context.Context, quarantine.Claim) error
	pending       func(context.Context) iter.Seq2[quarantine.Intent, error]
	findOperation func(context.Context, string) (quarantine.Intent, bool, error)
	findTarget    func(context.Context, quarantine.Target) ([]quarantine.Intent, error)
	mark          func(context.Context, string, *quarantine.Receipt) error
	marked        func(context.Context, string, quarantine.Target) (*quarantine.Receipt, error)
	forget        func(context.Context, string) error
	damaged       map[string]bool // operations
}

func (f *fields) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	return f.begin(ctx, in, owner, lease)
}

func (f *fields) Claim(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
	return f.claim(ctx, operation, owner, lease)
}

func (f *fields) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	return f.renew(ctx, c, lease)
}

func (f *fields) Finish(ctx context.Context, c quarantine.Claim) error { return f.finish(ctx, c) }

func (f *fields) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	return f.pending(ctx)
}

func (f *fields) FindOperation(ctx context.Context, operation string) (quarantine.Intent, bool, error) {
	return f.findOperation(ctx, operation)
}

func (f *fields) FindTarget(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	return f.findTarget(ctx, t)
}

func (f *fields) Mark(ctx context.Context, campaign string, r *quarantine.Receipt) error {
	return f.mark(ctx, campaign, r)
}

func (f *fields) Marked(ctx context.Context, campaign string, t quarantine.Target) (*quarantine.Receipt, error) {
	return f.marked(ctx, campaign, t)
}

func (f *fields) Forget(ctx context.Context, campaign string) error { return f.forget(ctx, campaign) }

var errUnreadable = errors.New("it cannot be read")

// damageable returns a store whose intents can be damaged. If mutate is not nil, it
// changes the store's journals.
func damageable(mutate func(f *fields, j *quarantine.MemoryJournal)) func() quarantinetest.JournalStore {
	return func() quarantinetest.JournalStore {
		j := &quarantine.MemoryJournal{}
		f := &fields{
			MemoryJournal: j, begin: j.Begin, renew: j.Renew, finish: j.Finish,
			mark: j.Mark, marked: j.Marked, forget: j.Forget, damaged: map[string]bool{},
		}
		f.pending = func(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
			return func(yield func(quarantine.Intent, error) bool) {
				for in, err := range j.Pending(ctx) {
					if f.damaged[in.Operation] {
						in, err = quarantine.Intent{}, errUnreadable
					}
					if !yield(in, err) {
						return
					}
				}
			}
		}
		f.findTarget = func(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
			all, err := j.FindTarget(ctx, t)
			good := slices.DeleteFunc(slices.Clone(all), func(in quarantine.Intent) bool { return f.damaged[in.Operation] })
			if len(good) < len(all) {
				err = errUnreadable
			}
			return good, err
		}
		f.findOperation = func(ctx context.Context, operation string) (quarantine.Intent, bool, error) {
			if f.damaged[operation] {
				return quarantine.Intent{}, false, errUnreadable
			}
			return j.FindOperation(ctx, operation)
		}
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			if f.damaged[operation] {
				return quarantine.Intent{}, quarantine.Claim{}, errUnreadable
			}
			return j.Claim(ctx, operation, owner, lease)
		}
		if mutate != nil {
			mutate(f, j)
		}
		return quarantinetest.JournalStore{
			Open:   func(testing.TB) quarantine.Journal { return f },
			Damage: func(_ testing.TB, operation string) { f.damaged[operation] = true },
		}
	}
}
