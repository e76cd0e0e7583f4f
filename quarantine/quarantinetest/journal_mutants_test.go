package quarantinetest_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// sequence returns a sequence of intents.
func sequence(change func([]quarantine.Intent) []quarantine.Intent) func(f *fields, j *quarantine.MemoryJournal) {
	return func(f *fields, j *quarantine.MemoryJournal) {
		pending := f.pending
		f.pending = func(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
			var all []quarantine.Intent
			var errs []error
			for in, err := range pending(ctx) {
				if err != nil {
					errs = append(errs, err)
					continue
				}
				all = append(all, in)
			}
			return func(yield func(quarantine.Intent, error) bool) {
				for _, in := range change(all) {
					if !yield(in, context.Cause(ctx)) {
						return
					}
				}
				for _, err := range errs {
					if !yield(quarantine.Intent{}, err) {
						return
					}
				}
			}
		}
	}
}

// byTarget changes the target that is searched for and the intents that are found.
func byTarget(t func(quarantine.Target) quarantine.Target, found func([]quarantine.Intent) []quarantine.Intent) func(f *fields, j *quarantine.MemoryJournal) {
	return func(f *fields, _ *quarantine.MemoryJournal) {
		find := f.findTarget
		f.findTarget = func(ctx context.Context, target quarantine.Target) ([]quarantine.Intent, error) {
			all, err := find(ctx, t(target))
			return found(all), err
		}
	}
}

func itself(t quarantine.Target) quarantine.Target          { return t }
func unchanged(all []quarantine.Intent) []quarantine.Intent { return all }
func backwards(all []quarantine.Intent) []quarantine.Intent { slices.Reverse(all); return all }
func asText(all []quarantine.Intent) []quarantine.Intent {
	slices.SortStableFunc(all, func(a, b quarantine.Intent) int {
		return strings.Compare(a.At.Format(time.RFC3339Nano), b.At.Format(time.RFC3339Nano))
	})
	return all
}

func bySecond(all []quarantine.Intent) []quarantine.Intent {
	slices.SortStableFunc(all, func(a, b quarantine.Intent) int {
		if a.At.Unix() != b.At.Unix() {
			return int(a.At.Unix() - b.At.Unix())
		}
		return strings.Compare(a.Operation, b.Operation)
	})
	return all
}

// stored changes what Begin stores.
func stored(change func(*quarantine.Intent)) func(f *fields, j *quarantine.MemoryJournal) {
	return func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			change(&in)
			return j.Begin(ctx, in, owner, lease)
		}
	}
}

// intentMutants store or return the wrong intents.
var intentMutants = map[string]func(f *fields, j *quarantine.MemoryJournal){
	"the server is lost":       stored(func(in *quarantine.Intent) { in.Server = "" }),
	"the quarantine is lost":   stored(func(in *quarantine.Intent) { in.Quarantine = "" }),
	"the attempt is lost":      stored(func(in *quarantine.Intent) { in.Attempt = "" }),
	"the reason is lost":       stored(func(in *quarantine.Intent) { in.Target.Reason = "" }),
	"times are cut to seconds": stored(func(in *quarantine.Intent) { in.At = in.At.Truncate(time.Second) }),
	"NUL is lost":              stored(func(in *quarantine.Intent) { in.MessageID = strings.ReplaceAll(in.MessageID, "\x00", "") }),
	"latest first":             sequence(backwards),
	"in the order of texts":    sequence(asText),
	"in the order of seconds":  sequence(bySecond),
	"one is missing":           sequence(func(all []quarantine.Intent) []quarantine.Intent { return all[:max(0, len(all)-1)] }),
	"the rest is missing":      sequence(func(all []quarantine.Intent) []quarantine.Intent { return all[:min(3, len(all))] }),
	"unreadable ones are passed over": func(f *fields, j *quarantine.MemoryJournal) {
		pending := f.pending
		f.pending = func(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
			return func(yield func(quarantine.Intent, error) bool) {
				for in, err := range pending(ctx) {
					if !errors.Is(err, errUnreadable) && !yield(in, err) {
						return
					}
				}
			}
		}
	},
	"it ends at an unreadable one": func(f *fields, j *quarantine.MemoryJournal) {
		pending := f.pending
		f.pending = func(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
			return func(yield func(quarantine.Intent, error) bool) {
				for in, err := range pending(ctx) {
					if !yield(in, err) || err != nil {
						return
					}
				}
			}
		}
	},
	"it ends without a word when the context does": func(f *fields, j *quarantine.MemoryJournal) {
		pending := f.pending
		f.pending = func(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
			return func(yield func(quarantine.Intent, error) bool) {
				for in, err := range pending(context.WithoutCancel(ctx)) {
					if ctx.Err() != nil || !yield(in, err) {
						return
					}
				}
			}
		}
	},
	"a target is found with its reason only": func(f *fields, j *quarantine.MemoryJournal) {
		f.findTarget = func(ctx context.Context, t quarantine.Target) (same []quarantine.Intent, err error) {
			for in, err := range j.Pending(ctx) {
				if err == nil && in.Target == t {
					same = append(same, in)
				}
			}
			return same, nil
		}
	},
	"a target is found by its mailbox": func(f *fields, j *quarantine.MemoryJournal) {
		f.findTarget = func(ctx context.Context, t quarantine.Target) (same []quarantine.Intent, err error) {
			for in, err := range j.Pending(ctx) {
				if err == nil && in.Target.Mailbox == t.Mailbox {
					same = append(same, in)
				}
			}
			return same, nil
		}
	},
	"of a target the latest is first": byTarget(itself, backwards),
	"of a target one is found":        byTarget(itself, func(all []quarantine.Intent) []quarantine.Intent { return all[:min(1, len(all))] }),
	"targets by criteria are not found": byTarget(func(t quarantine.Target) quarantine.Target {
		t.Criteria = quarantine.Criteria{}
		return t
	}, unchanged),
	"operations are not found": func(f *fields, j *quarantine.MemoryJournal) {
		f.findOperation = func(context.Context, string) (in quarantine.Intent, found bool, err error) { return in, false, nil }
	},
	"an unreadable operation is not found": func(f *fields, j *quarantine.MemoryJournal) {
		find := f.findOperation
		f.findOperation = func(ctx context.Context, operation string) (quarantine.Intent, bool, error) {
			in, found, _ := find(ctx, operation)
			return in, found, nil
		}
	},
	"an unreadable intent is none": func(f *fields, j *quarantine.MemoryJournal) {
		claim := f.claim
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			in, c, err := claim(ctx, operation, owner, lease)
			if errors.Is(err, errUnreadable) {
				err = quarantine.ErrNoIntent
			}
			return in, c, err
		}
	},
	"an unreadable intent is claimed in part": func(f *fields, j *quarantine.MemoryJournal) {
		claim := f.claim
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			in, c, err := claim(ctx, operation, owner, lease)
			if errors.Is(err, errUnreadable) {
				_, c, err = j.Claim(ctx, operation, owner, lease)
			}
			return in, c, err
		}
	},
	"each operation is found": func(f *fields, j *quarantine.MemoryJournal) {
		f.findOperation = func(ctx context.Context, operation string) (in quarantine.Intent, found bool, err error) {
			in, _, err = j.FindOperation(ctx, operation)
			return in, true, err
		}
	},
	"campaigns are one": func(f *fields, j *quarantine.MemoryJournal) {
		f.mark = func(ctx context.Context, _ string, r *quarantine.Receipt) error { return j.Mark(ctx, "", r) }
		f.marked = func(ctx context.Context, _ string, t quarantine.Target) (*quarantine.Receipt, error) {
			return j.Marked(ctx, "", t)
		}
	},
	"the first receipt stays": func(f *fields, j *quarantine.MemoryJournal) {
		f.mark = func(ctx context.Context, campaign string, r *quarantine.Receipt) error {
			if had, _ := j.Marked(ctx, campaign, r.Target); had != nil {
				return nil
			}
			return j.Mark(ctx, campaign, r)
		}
	},
	"nothing is forgotten": func(f *fields, j *quarantine.MemoryJournal) {
		f.forget = func(context.Context, string) error { return nil }
	},
	"campaigns with the same beginning are forgotten": func(f *fields, j *quarantine.MemoryJournal) {
		f.forget = func(ctx context.Context, campaign string) error {
			return errors.Join(j.Forget(ctx, campaign), j.Forget(ctx, campaign+"b"))
		}
	},
	"marks have no receipt": func(f *fields, j *quarantine.MemoryJournal) {
		f.mark = func(ctx context.Context, campaign string, r *quarantine.Receipt) error {
			return j.Mark(ctx, campaign, &quarantine.Receipt{Target: r.Target})
		}
	},
}

// TestJournalMutants: the suite finds every journal that is wrong in one respect.
func TestJournalMutants(t *testing.T) {
	t.Parallel()
	mutants := maps.Clone(claimMutants)
	maps.Copy(mutants, intentMutants)
	assert.Len(t, mutants, len(claimMutants)+len(intentMutants))
	for _, name := range slices.Sorted(maps.Keys(mutants)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := quarantinetest.JournalProblems(t, func(*testing.T) quarantinetest.JournalStore { return damageable(mutants[name])() })
			assert.NotEmpty(t, found)
			for name, problems := range found {
				t.Log(name, problems[0])
			}
		})
	}
}
