package fleet

import (
	"context"
	"slices"
	"strings"
	"time"
)

// ticket is a waiting call, or a waiting reservation of slots.
type ticket struct {
	calls    string         // the payer of a call
	reserved bool           // whether it uses a slot of a reservation
	slots    map[string]int // slots that a reservation takes, by payer
	since    time.Time      // when it began to wait
	ready    chan struct{}
	admitted bool
	charged  *account // for a call in flight, if its payer is shared
}

// needs returns the slots that a ticket takes.
func (t *ticket) needs() map[string]int {
	switch {
	case t.slots != nil:
		return t.slots
	case t.reserved:
		return nil
	}
	return map[string]int{t.calls: 1}
}

// enter waits until a ticket is admitted. The error is the cause of the context.
func (l *Limiter) enter(ctx context.Context, t *ticket) error {
	t.ready, t.since = make(chan struct{}), time.Now()
	l.mu.Lock()
	l.queue = append(l.queue, t)
	l.serve()
	if !t.admitted || !l.running {
		l.wake()
	}
	l.mu.Unlock()
	select {
	case <-t.ready:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.admitted {
		return nil
	}
	l.queue = slices.DeleteFunc(l.queue, func(other *ticket) bool { return other == t })
	l.serve() // others may have waited behind this one
	return context.Cause(ctx)
}

// serve admits all tickets that can be admitted. The limiter is locked.
func (l *Limiter) serve() {
	now := time.Now()
	for _, a := range l.accounts {
		a.recharge(now, l.silent, l.workers)
	}
	for key, until := range l.fences {
		if !now.Before(until) {
			delete(l.fences, key)
		}
	}
	// Calls in reserved slots first: others may wait for the end of their reservations.
	for _, reserved := range []bool{true, false} {
		behind := make(map[string]bool) // payers for which another ticket has waited longer
		l.queue = slices.DeleteFunc(l.queue, func(t *ticket) bool {
			if t.reserved != reserved {
				return false
			}
			if l.admits(t, now, behind) {
				l.admit(t)
				return true
			}
			for key := range t.needs() {
				behind[key] = true
			}
			return false
		})
	}
	waiting := l.waiting()
	for key, a := range l.accounts {
		a.peak = max(a.peak, a.used+waiting[key])
	}
}

// admits reports whether a ticket can be admitted now.
func (l *Limiter) admits(t *ticket, now time.Time, behind map[string]bool) bool {
	if t.calls != "" {
		if now.Before(l.fences[t.calls]) {
			return false
		}
		if a := l.accounts[t.calls]; a != nil && !a.covers(1) {
			return false
		}
	}
	for key, n := range t.needs() {
		if behind[key] || now.Before(l.fences[key]) {
			return false
		}
		a := l.accounts[key]
		if a == nil {
			continue
		}
		free := a.allowed(now, l.silent, l.workers)
		most := a.share.Concurrency // the most that there can ever be
		if l.silent && !now.Before(a.until) {
			most = free
		}
		if a.used+n > free && (n <= most || a.used > 0 || free == 0) {
			return false
		}
	}
	return true
}

// admit lets a ticket in.
func (l *Limiter) admit(t *ticket) {
	for key, n := range t.needs() {
		if a := l.accounts[key]; a != nil {
			a.used += n
		}
	}
	if a := l.accounts[t.calls]; a != nil && t.calls != "" {
		a.began()
		t.charged = a
	}
	l.active++
	t.admitted = true
	close(t.ready)
}

// leave ends a call.
func (l *Limiter) leave(t *ticket, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active--
	if t.charged != nil {
		t.charged.ended(took)
	}
	if !t.reserved {
		l.giveBack(t.needs())
	}
}

// waiting returns how many slots tickets wait for, by payer.
func (l *Limiter) waiting() map[string]int {
	n := make(map[string]int)
	for _, t := range l.queue {
		for key, slots := range t.needs() {
			n[key] += slots
		}
	}
	return n
}

// park leaves a payer alone until a time, and has the other workers told.
func (l *Limiter) park(payer string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if storable("payer", payer) != nil || !until.After(l.fences[payer]) {
		return
	}
	l.fences[payer], l.news[payer] = until, until
	l.wake()
}

// LimiterState is what a [Limiter] knows about a payer.
type LimiterState struct {
	Shared      bool      // whether all workers share its budget
	Granted     int       // calls that this worker may currently have in flight; shared payers only
	InFlight    int       // slots in use by this worker; shared payers only
	Waiting     int       // slots that calls and reservations of this worker wait for
	ParkedUntil time.Time // by the clock of this machine; zero: it is not parked
	Silent      bool      // whether the database did not answer when it was last asked
}

// State returns what the limiter knows about a payer at one moment. A job whose payer is
// parked is best put off until ParkedUntil.
func (l *Limiter) State(payer string) LimiterState {
	key := strings.ToLower(payer)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	s := LimiterState{Waiting: l.waiting()[key], Silent: l.silent}
	if until := l.fences[key]; now.Before(until) {
		s.ParkedUntil = until
	}
	if a := l.accounts[key]; a != nil {
		s.Shared, s.Granted, s.InFlight = true, a.allowed(now, l.silent, l.workers), a.used
	}
	return s
}
