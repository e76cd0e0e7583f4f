package throttle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// ErrNested is returned by [Limiter.Reserve] if the context already has a
// reservation of the same limiter: extending one could deadlock.
var ErrNested = errors.New("throttle: the context already has a reservation")

// Reserve takes slots for calls that will be in flight together, such as an
// export that is streamed into an upload, so that no two workers wait for each
// other's second call. Name each payer as many times as it will have such calls: with
// FullAccess, name the service account twice.
//
// Acquire with the returned context takes a reserved slot, waiting only for a
// park to end or a bucket to recharge; its release makes the slot available to the next
// call. Calls beyond those reserved wait for a slot like any other, but do not count
// towards MaxConcurrent, as the reservation does already. done ends the reservation and
// must be called; calls still in flight keep their slots until they are released.
// If a payer is named more often than it is currently allowed calls, the
// reservation waits until it has the payer to itself.
//
// If ctx ends first, Reserve returns its cause, or a [*ParkedError] as Acquire does.
func (l *Limiter) Reserve(ctx context.Context, payers ...string) (_ context.Context, done func(), err error) {
	if len(payers) == 0 {
		return nil, nil, errors.New("throttle: Reserve needs at least one payer")
	}
	if l.reservation(ctx) != nil {
		return nil, nil, ErrNested
	}
	keys := make([]string, len(payers))
	for i, name := range payers {
		keys[i] = strings.ToLower(name)
	}
	slices.Sort(keys) // the same order for all, so that waiters cannot form a cycle
	r := &reservation{limiter: l, free: make(map[string]int)}
	for {
		lacking, err := l.tryReserve(ctx, r, keys)
		if err == nil {
			return context.WithValue(ctx, reservationKey{l}, r), r.end, nil
		}
		r.reset()
		if !errors.Is(err, errParked) {
			return nil, nil, err
		}
		if err := l.sleepOut(ctx, lacking); err != nil {
			return nil, nil, err
		}
	}
}

// tryReserve takes the slots, one payer after another. Rather than hold one payer's
// slots until another's park ends, it returns errParked and the name of the other payer.
func (l *Limiter) tryReserve(ctx context.Context, r *reservation, keys []string) (lacking string, err error) {
	for first := 0; first < len(keys); {
		key := keys[first]
		n := 1
		for first+n < len(keys) && keys[first+n] == key {
			n++
		}
		w := newWaiter(ctx, n, 0)
		w.reserves = true
		if first == 0 {
			w.units = 1
		}
		p, err := l.wait(ctx, key, w)
		if err != nil {
			return key, err
		}
		r.add(p, n)
		first += n
	}
	return "", nil
}

// sleepOut waits until the payer is not parked.
func (l *Limiter) sleepOut(ctx context.Context, key string) error {
	for {
		l.mu.Lock()
		var until time.Time
		if p := l.payers[key]; p != nil {
			until = p.until
		}
		l.mu.Unlock()
		d := time.Until(until)
		if d <= 0 {
			return nil
		}
		timer := time.NewTimer(d)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return &ParkedError{Payer: key, Until: until, Err: context.Cause(ctx)}
		}
	}
}

type reservationKey struct{ *Limiter }

// reservation returns the reservation of l in ctx, or nil if it has none.
func (l *Limiter) reservation(ctx context.Context) *reservation {
	r, _ := ctx.Value(reservationKey{l}).(*reservation)
	return r
}

// reservation is guarded by its limiter's mu. It counts as one unit of
// MaxConcurrent until its last slot is given back.
type reservation struct {
	limiter *Limiter
	payers  []*payer
	free    map[string]int // slots not in use
	inUse   int
	ended   bool
}

func (r *reservation) add(p *payer, n int) {
	r.limiter.mu.Lock()
	defer r.limiter.mu.Unlock()
	r.payers = append(r.payers, p)
	r.free[p.key] = n
}

// end gives back what is not in use; calls in flight give back theirs when they
// are released.
func (r *reservation) end() {
	r.limiter.mu.Lock()
	defer r.limiter.mu.Unlock()
	if !r.ended {
		r.ended = true
		r.giveBack()
	}
}

// reset gives everything back, to start over.
func (r *reservation) reset() {
	r.limiter.mu.Lock()
	defer r.limiter.mu.Unlock()
	r.giveBack()
	r.payers = nil
}

func (r *reservation) giveBack() {
	for i, p := range r.payers {
		units := 0
		if i == 0 && r.inUse == 0 {
			units = 1
		}
		n := r.free[p.key]
		r.free[p.key] = 0
		r.limiter.giveBack(p, n, units)
	}
}

// take uses one reserved slot, if available, and reports whether it did.
func (r *reservation) take(key string) bool {
	r.limiter.mu.Lock()
	defer r.limiter.mu.Unlock()
	if r.ended || r.free[key] == 0 {
		return false
	}
	r.free[key]--
	r.inUse++
	return true
}

// putBack ends the use of a slot, with mu held.
func (r *reservation) putBack(p *payer) {
	r.inUse--
	switch {
	case !r.ended:
		r.free[p.key]++
		r.limiter.serve(p)
	case r.inUse == 0:
		r.limiter.giveBack(p, 1, 1)
	default:
		r.limiter.giveBack(p, 1, 0)
	}
}

// acquireReserved acquires a call with a slot taken from r.
func (l *Limiter) acquireReserved(ctx context.Context, r *reservation, key string) (func(bool, time.Duration), error) {
	w := newWaiter(ctx, 0, 0)
	p, err := l.wait(ctx, key, w)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		r.putBack(l.payers[key]) // present: the slot counts as in flight
		return nil, err
	}
	return l.releaser(p, w, func() { r.putBack(p) }), nil
}

// holds reports whether the reservation, if there is one, counts as a unit of
// MaxConcurrent.
func (r *reservation) holds() bool {
	if r == nil {
		return false
	}
	r.limiter.mu.Lock()
	defer r.limiter.mu.Unlock()
	return !r.ended
}

// acquireBeyond acquires a call with a reservation of other slots. If it needed another
// unit of MaxConcurrent, reservations could wait for each other's.
func (l *Limiter) acquireBeyond(ctx context.Context, key string) (func(bool, time.Duration), error) {
	for {
		w := newWaiter(ctx, 1, 0)
		p, err := l.wait(ctx, key, w)
		switch {
		case err == nil:
			return l.releaser(p, w, func() { l.giveBack(p, 1, 0) }), nil
		case !errors.Is(err, errParked):
			return nil, err
		}
		if err := l.sleepOut(ctx, key); err != nil {
			return nil, err
		}
	}
}
