package ewstest

import (
	"log/slog"
	"slices"
	"sync"
	"time"
)

// postponed holds the requests that the server acts on after it has answered.
type postponed struct {
	mu     sync.Mutex
	held   []*turn // until the test releases them
	closed bool
}

// Withheld returns the requests that the server acts on when the test calls
// [Server.ActWithheld], in the order of arrival; see [Fault.ActedOnCall]. A request whose
// members are withheld one by one appears once for each of them.
func (s *Server) Withheld() []Request {
	s.late.mu.Lock()
	defer s.late.mu.Unlock()
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := make([]Request, len(s.late.held))
	for i, t := range s.late.held {
		all[i] = *t.entry
	}
	return all
}

// ActWithheld acts on one of the requests that [Server.Withheld] returns, counted from 0,
// and reports whether there is one with that number. The request is then no longer
// withheld. The server treats it as if it arrived now, as described for
// [Fault.ActedAfter]. It may be called from the hooks of [Server.OnRequest],
// [Server.OnMember] and [Server.OnResponse].
func (s *Server) ActWithheld(n int) bool {
	s.late.mu.Lock()
	if n < 0 || n >= len(s.late.held) {
		s.late.mu.Unlock()
		return false
	}
	t := s.late.held[n]
	s.late.held = slices.Delete(s.late.held, n, n+1)
	s.late.mu.Unlock()
	s.actLate(t)
	return true
}

// lateAct is what a fault defers: acting on a request, or on some of its members.
type lateAct struct {
	fault Fault
	only  map[int]bool // nil: all
}

// postpone makes the server act later on what the faults of a request deferred.
func (s *Server) postpone(t *turn) {
	for _, act := range t.waiting {
		later := &turn{
			server: s, request: t.request, entry: t.entry, number: t.number, err: t.err, account: t.account,
			late: true, only: act.only,
		}
		s.log.wait(t.entry)
		if act.fault.held {
			s.late.mu.Lock()
			s.late.held = append(s.late.held, later)
			s.late.mu.Unlock()
			continue
		}
		// Not stopped by Close, which may be called outside the bubble of the timer.
		time.AfterFunc(act.fault.later, func() { s.actLate(later) })
	}
}

// actLate acts on a request whose answer is lost.
func (s *Server) actLate(t *turn) {
	s.late.mu.Lock()
	closed := s.late.closed
	s.late.mu.Unlock()
	if closed {
		return
	}
	s.faults.mu.Lock()
	t.rules = s.faults.standing(t)
	s.faults.mu.Unlock()
	t.process()
	s.budget.leave(t)
	s.log.actedLate(t)
	s.opts.Logger.Info("acted late", // the context of the request has ended
		slog.Int("n", t.number), slog.String("operation", string(t.entry.Operation)), slog.String("user", t.account),
		slog.String("code", string(t.code)))
}
