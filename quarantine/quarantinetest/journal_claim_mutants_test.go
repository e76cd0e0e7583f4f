package quarantinetest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// current returns the claim of the current owner of an operation, with the current token.
func current(j *quarantine.MemoryJournal, operation string) (quarantine.Claim, bool) {
	_, _, err := j.Claim(context.Background(), operation, "nobody", 0)
	if held, ok := errors.AsType[*quarantine.HeldError](err); ok {
		_, c, err := j.Claim(context.Background(), operation, held.Owner, time.Until(held.Until))
		return c, err == nil
	}
	_, c, err := j.Claim(context.Background(), operation, "nobody", 0)
	return c, err == nil
}

// seize ends whatever claim exists once others have also had time to claim.
func seize(j *quarantine.MemoryJournal, operation string) {
	time.Sleep(time.Millisecond)
	if c, ok := current(j, operation); ok {
		_, _ = j.Renew(context.Background(), c, 0)
	}
}

// claimMutants handle claims wrongly.
var claimMutants = map[string]func(f *fields, j *quarantine.MemoryJournal){
	"Begin stores nothing": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(_ context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			return quarantine.Claim{Operation: in.Operation, Owner: owner, Token: 1, Until: time.Now().Add(lease)}, nil
		}
	},
	"Begin keeps the earlier one": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			if had, c, err := j.Claim(ctx, in.Operation, owner, lease); err == nil && had.Operation != "" {
				return c, nil
			}
			return j.Begin(ctx, in, owner, lease)
		}
	},
	"Begin overwrites what another holds": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			if c, ok := current(j, in.Operation); ok {
				_ = j.Finish(ctx, c)
			}
			return j.Begin(ctx, in, owner, lease)
		}
	},
	"Begin does not claim": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			c, err := j.Begin(ctx, in, owner, lease)
			if err == nil {
				_, err = j.Renew(ctx, c, 0)
			}
			return c, err
		}
	},
	"Begin refuses its own": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			if _, found, _ := j.FindOperation(ctx, in.Operation); found {
				return quarantine.Claim{}, &quarantine.HeldError{Operation: in.Operation, Owner: owner, Until: time.Now()}
			}
			return j.Begin(ctx, in, owner, lease)
		}
	},
	"Claim takes what another holds": func(f *fields, j *quarantine.MemoryJournal) {
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			if c, ok := current(j, operation); ok {
				_, _ = j.Renew(ctx, c, 0)
			}
			return j.Claim(ctx, operation, owner, lease)
		}
	},
	"Claim is checked and made in two steps": func(f *fields, j *quarantine.MemoryJournal) {
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			if in, c, err := j.Claim(ctx, operation, owner, 0); err != nil {
				return in, c, err
			}
			seize(j, operation)
			return j.Claim(ctx, operation, owner, lease)
		}
	},
	"Begin is checked and made in two steps": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			if c, err := j.Begin(ctx, in, owner, 0); err != nil {
				return c, err
			}
			seize(j, in.Operation)
			return j.Begin(ctx, in, owner, lease)
		}
	},
	"leases never end": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			return j.Begin(ctx, in, owner, lease+24*time.Hour)
		}
	},
	"the lease is that of the stamp": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, _ time.Duration) (quarantine.Claim, error) {
			return j.Begin(ctx, in, owner, time.Until(in.Lease))
		}
	},
	"leases end early": func(f *fields, j *quarantine.MemoryJournal) {
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			return j.Begin(ctx, in, owner, min(lease, time.Minute))
		}
	},
	"a claim is lost with its lease": func(f *fields, j *quarantine.MemoryJournal) {
		f.finish = func(ctx context.Context, c quarantine.Claim) error {
			if time.Now().After(c.Until) {
				return quarantine.ErrClaimLost
			}
			return j.Finish(ctx, c)
		}
	},
	"Renew does nothing": func(f *fields, j *quarantine.MemoryJournal) {
		f.renew = func(_ context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
			c.Until = time.Now().Add(lease)
			return c, nil
		}
	},
	"Renew revives a lost claim": func(f *fields, j *quarantine.MemoryJournal) {
		f.renew = func(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
			if _, now, err := j.Claim(ctx, c.Operation, c.Owner, lease); err == nil {
				return now, nil
			}
			return j.Renew(ctx, c, lease)
		}
	},
	"Renew gives a new token": func(f *fields, j *quarantine.MemoryJournal) {
		f.renew = func(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
			if _, err := j.Renew(ctx, c, lease); err != nil {
				return c, err
			}
			_, c, err := j.Claim(ctx, c.Operation, c.Owner, lease)
			return c, err
		}
	},
	"nothing can be given up": func(f *fields, j *quarantine.MemoryJournal) {
		f.renew = func(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
			if lease == 0 {
				return c, nil
			}
			return j.Renew(ctx, c, lease)
		}
	},
	"Finish removes without a look at the token": func(f *fields, j *quarantine.MemoryJournal) {
		f.finish = func(ctx context.Context, c quarantine.Claim) error {
			if now, ok := current(j, c.Operation); ok {
				c = now
			}
			return j.Finish(ctx, c)
		}
	},
	"Finish looks at the owner only": func(f *fields, j *quarantine.MemoryJournal) {
		f.finish = func(ctx context.Context, c quarantine.Claim) error {
			if now, ok := current(j, c.Operation); ok && now.Owner == c.Owner {
				c = now
			}
			return j.Finish(ctx, c)
		}
	},
	"Finish does nothing without a word when the claim is lost": func(f *fields, j *quarantine.MemoryJournal) {
		f.finish = func(ctx context.Context, c quarantine.Claim) error {
			if err := j.Finish(ctx, c); !errors.Is(err, quarantine.ErrClaimLost) {
				return err
			}
			return nil
		}
	},
	"Finish does nothing": func(f *fields, j *quarantine.MemoryJournal) {
		f.finish = func(context.Context, quarantine.Claim) error { return nil }
	},
	"Finish fails when it is repeated": func(f *fields, j *quarantine.MemoryJournal) {
		f.finish = func(ctx context.Context, c quarantine.Claim) error {
			if _, found, _ := j.FindOperation(ctx, c.Operation); !found {
				return quarantine.ErrClaimLost
			}
			return j.Finish(ctx, c)
		}
	},
	"tokens begin anew for each intent": func(f *fields, j *quarantine.MemoryJournal) {
		first := map[string]int64{}
		var mu sync.Mutex
		f.begin = func(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
			_, had, _ := j.FindOperation(ctx, in.Operation)
			c, err := j.Begin(ctx, in, owner, lease)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !had {
				first[c.Operation] = c.Token - 1
			}
			c.Token -= first[c.Operation]
			return c, err
		}
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			in, c, err := j.Claim(ctx, operation, owner, lease)
			mu.Lock()
			defer mu.Unlock()
			c.Token -= first[operation]
			return in, c, err
		}
		real := func(c quarantine.Claim) quarantine.Claim {
			mu.Lock()
			defer mu.Unlock()
			c.Token += first[c.Operation]
			return c
		}
		f.finish = func(ctx context.Context, c quarantine.Claim) error { return j.Finish(ctx, real(c)) }
		f.renew = func(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
			now, err := j.Renew(ctx, real(c), lease)
			now.Token = c.Token
			return now, err
		}
	},
	"an unknown error in place of ErrHeld": func(f *fields, j *quarantine.MemoryJournal) {
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			in, c, err := j.Claim(ctx, operation, owner, lease)
			if errors.Is(err, quarantine.ErrHeld) {
				err = fmt.Errorf("no rows: %v", err)
			}
			return in, c, err
		}
	},
	"an unknown error in place of ErrNoIntent": func(f *fields, j *quarantine.MemoryJournal) {
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			in, c, err := j.Claim(ctx, operation, owner, lease)
			if errors.Is(err, quarantine.ErrNoIntent) {
				err = errors.New("no rows")
			}
			return in, c, err
		}
	},
	"Claim returns no intent": func(f *fields, j *quarantine.MemoryJournal) {
		f.claim = func(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
			_, c, err := j.Claim(ctx, operation, owner, lease)
			return quarantine.Intent{}, c, err
		}
	},
}
