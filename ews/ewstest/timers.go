package ewstest

import "time"

// timers run what is due later, in virtual time inside a synctest bubble. The server's
// lock guards them.
//
// A timer is never stopped: doing so outside the bubble in which it was created is an
// error, and a server may be closed there. A cancelled timer fires without effect.
type timers struct {
	waiting map[*alarm]bool
	closed  bool
}

// alarm is a timer that has not fired.
type alarm struct{ ring func() }

// later calls f, with the server's lock held, after a duration, unless it is cancelled or
// the server is closed before then.
func (s *Server) later(d time.Duration, f func()) (cancel func()) {
	t := &s.people.timers
	if t.closed {
		return func() {}
	}
	a := &alarm{f}
	if t.waiting == nil {
		t.waiting = make(map[*alarm]bool)
	}
	t.waiting[a] = true
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if ring := a.ring; ring != nil {
			delete(t.waiting, a)
			a.ring = nil
			ring()
		}
	})
	return func() {
		delete(t.waiting, a)
		a.ring = nil
	}
}

// stop cancels everything, permanently.
func (t *timers) stop() {
	for a := range t.waiting {
		a.ring = nil
	}
	t.waiting, t.closed = nil, true
}
