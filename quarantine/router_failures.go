package quarantine

import (
	"errors"
	"fmt"
	"sync"
)

// streaks count the targets that have failed in a row on each server in one call of
// QuarantineAll, FindAll or RestoreAll. On a server that is down, or that refuses
// the account, all others would fail as well, each after its own retries.
type streaks struct {
	most int // 0: no bound

	mu sync.Mutex
	of map[*route]*streak
}

type streak struct {
	failed int
	last   string
}

func (r *Router) newStreaks() *streaks {
	return &streaks{most: r.opts.MaxFailures, of: make(map[*route]*streak)}
}

// tolerate calls do, which works on a target on a server, unless too many have failed
// there.
func (s *streaks) tolerate(rt *route, do func() (*Receipt, error)) (*Receipt, error) {
	if s.most == 0 {
		return do()
	}
	if err := s.over(rt); err != nil {
		return nil, err
	}
	out, err := do()
	s.note(rt, out, err)
	return out, err
}

func (s *streaks) over(rt *route) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.of[rt]; st != nil && st.failed >= s.most {
		return fmt.Errorf("%w: %d targets in a row have failed on this server, so no more are tried; mend what is wrong, and run it again; the last one said: %s", ErrNotBegun, st.failed, st.last)
	}
	return nil
}

func (s *streaks) note(rt *route, out *Receipt, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of[rt]
	if st == nil {
		st = new(streak)
		s.of[rt] = st
	}
	switch {
	case err == nil && out.Outcome() == Failed:
		err = out.Err()
	case err == nil && out.Err() != nil || err != nil && ofTarget(err):
		return // it is no indication for the next one
	case err == nil:
		*st = streak{}
		return
	}
	st.failed++
	st.last = err.Error()
}

// ofTarget reports whether an error is the target's own: what it asks for is invalid
// or not allowed, or its mailbox cannot be opened.
func ofTarget(err error) bool {
	for _, kind := range []error{ErrInvalid, ErrUnreachable, ErrTooManyHits, ErrProtected, ErrNotBegun} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
