package fleet

import (
	"context"
	"maps"
	"strings"
)

// Reserve waits until there is a permission for each payer named, all at the same time, and
// takes them: see [ews.Reserver]. If a payer is named more often than it may ever have
// calls in flight, the reservation waits until this worker has none of its calls in flight.
// If ctx already has a reservation, the error is throttle.ErrNested.
func (l *Limiter) Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error) {
	ctx, local, err := l.local.Reserve(ctx, payers...)
	if err != nil {
		return nil, nil, err
	}
	slots := make(map[string]int)
	for _, p := range payers {
		slots[strings.ToLower(p)]++
	}
	t := &ticket{slots: slots}
	if err := l.enter(ctx, t); err != nil {
		local()
		return nil, nil, err
	}
	r := &reservation{free: maps.Clone(slots)}
	return context.WithValue(ctx, reservationKey{l}, r), func() { r.end(l); local() }, nil
}

type reservationKey struct{ *Limiter }

// reservation is guarded by its limiter's mu. nil is none.
type reservation struct {
	free  map[string]int // slots not in use
	ended bool
}

// take uses one reserved slot, if available, and reports whether it did.
func (r *reservation) take(l *Limiter, key string) bool {
	if r == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.ended || r.free[key] == 0 {
		return false
	}
	r.free[key]--
	return true
}

// putBack ends a call's use of a slot. After the end of the reservation, the slot is free
// for all.
func (r *reservation) putBack(l *Limiter, t *ticket) {
	if !t.reserved {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.ended {
		l.giveBack(map[string]int{t.calls: 1})
		return
	}
	r.free[t.calls]++
	l.serve()
}

// end gives back slots that are not in use; calls in flight give back theirs when they are
// released.
func (r *reservation) end(l *Limiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.ended {
		r.ended = true
		l.active--
		l.giveBack(r.free)
	}
}

// giveBack makes slots free. The limiter is locked.
func (l *Limiter) giveBack(slots map[string]int) {
	for key, n := range slots {
		if a := l.accounts[key]; a != nil {
			a.used = max(a.used-n, 0) // the payer may not have been shared when they were taken
			if a.owes() {
				l.wake()
			}
		}
	}
	l.serve()
}
