package throttle

import (
	"container/list"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
)

// errParked tells a reservation that a payer it still needs is parked, so it must not
// hold on to the others.
var errParked = errors.New("throttle: parked")

// waiter is a caller that waits for slots of one payer.
type waiter struct {
	slots int // slots wanted; 0: already has one reserved
	units int // units of MaxConcurrent wanted; 0: already holds one
	seq   uint64
	since time.Time

	reserves bool           // reserves for later calls; costs nothing itself
	call     *callinfo.Call // from the context; may be nil
	mailbox  string         // in lower case
	kind     *kind          // of the call, if its payer has a bucket
	bucket   *bucket        // the one charged for the call, once granted
	pledged  time.Duration  // expected cost of the call
	granted  time.Time

	done  chan struct{}
	err   error  // set before done is closed
	epoch uint64 // the payer's when the slot was granted

	line *list.List // nil: in the payer's queue, in this box
	box  *box
	elem *list.Element // nil: no longer waiting
}

// newWaiter returns the waiter for a call.
func newWaiter(ctx context.Context, slots, units int) *waiter {
	w := &waiter{slots: slots, units: units, call: callinfo.From(ctx)}
	if w.call != nil {
		w.mailbox = strings.ToLower(w.call.Mailbox)
	}
	return w
}

// wait blocks until w is granted the payer's slots that it wants.
func (l *Limiter) wait(ctx context.Context, key string, w *waiter) (*payer, error) {
	l.mu.Lock()
	if ctx.Err() != nil {
		defer l.mu.Unlock()
		return nil, l.payers[key].gaveUp(ctx)
	}
	p := l.lookUp(key)
	if !w.reserves {
		l.learn(p, w.call)
		if p.bucket != nil {
			w.kind = l.kind(w.call.Name())
		}
	}
	l.enqueue(p, w)
	l.serve(p)
	if w.elem == nil { // granted, or given up, immediately
		l.settle(p)
		l.mu.Unlock()
		return p, w.err
	}
	w.done = make(chan struct{})
	l.mu.Unlock()

	select {
	case <-w.done:
		return p, w.err
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case w.elem != nil:
		p.leave(w)
		l.serve(p) // the waiters behind w may fit
		l.settle(p)
	case w.err == nil: // granted at the same moment
		p.unpledge(w)
		l.giveBack(p, w.slots, w.units)
	}
	return nil, p.gaveUp(ctx)
}

func (l *Limiter) enqueue(p *payer, w *waiter) {
	l.seq++
	w.seq, w.since = l.seq, time.Now()
	switch {
	case w.slots == 0:
		w.line = &p.promised
	case w.units == 0:
		w.line = &p.holding
	default:
		p.queue.push(w)
		return
	}
	w.elem = w.line.PushBack(w)
}

func (p *payer) leave(w *waiter) {
	if w.line != nil {
		w.line.Remove(w.elem)
	} else {
		p.queue.remove(w)
	}
	w.elem = nil
}

// finish ends the wait of w.
func (p *payer) finish(w *waiter, err error) {
	p.leave(w)
	w.err = err
	if w.done != nil {
		close(w.done)
	}
}

// full reports whether MaxConcurrent is reached.
func (l *Limiter) full() bool { return l.opts.MaxConcurrent > 0 && l.units >= l.opts.MaxConcurrent }

// serve grants p's waiters what can be granted now, and ensures that the others
// are served when they can be.
func (l *Limiter) serve(p *payer) {
	// Payers waiting for their turn come before p.
	full := l.full() || l.turns.Len() > 0
	for l.grantOne(p, full) {
		full = full || l.full()
	}
	if full && p.turn == nil && p.queue.n > 0 && p.timer == nil {
		p.turn = l.turns.PushBack(p)
	}
	if p.waiting() == 0 {
		p.sleepOn()
	}
}

// grantOne serves the next waiter of p, if possible, and reports whether it did.
func (l *Limiter) grantOne(p *payer, full bool) bool {
	if p.waiting() == 0 {
		return false
	}
	now := time.Now()
	if p.parked(now) {
		l.sitOut(p)
		return false
	}
	w := p.next(full)
	if w == nil || w.slots > 0 && !p.fits(w.slots) {
		return false
	}
	if d := p.pause(w, now); d > 0 {
		l.wake(p, now.Add(d))
		return false
	}
	p.sleepOn()
	p.pledge(w)
	p.inFlight += w.slots
	l.units += w.units
	w.epoch, w.granted = p.epoch, now
	p.finish(w, nil)
	return true
}

// next returns the waiter to serve next, or nil if none can be served. Arrival
// decides, but waiters that need a unit of MaxConcurrent are passed over while
// none is free.
func (p *payer) next(full bool) *waiter {
	if e := p.promised.Front(); e != nil {
		return e.Value.(*waiter)
	}
	var holding, queue *waiter
	if e := p.holding.Front(); e != nil {
		holding = e.Value.(*waiter)
	}
	if !full {
		queue = p.queue.front()
	}
	if holding == nil || queue != nil && queue.seq < holding.seq {
		return queue
	}
	return holding
}

// sitOut makes p's waiters wait for the end of its park, except those that hold slots of
// other payers, which give up instead. It looks only at those, because it is called for
// each caller that comes or goes while p is parked.
func (l *Limiter) sitOut(p *payer) {
	for e := p.holding.Front(); e != nil; e = p.holding.Front() {
		p.finish(e.Value.(*waiter), errParked)
	}
	if p.waiting() > 0 {
		// If the park is extended in the meantime, that is noticed when the timer fires.
		l.wake(p, p.until)
	}
}

// wake has p's waiters served at the given time, if not before.
func (l *Limiter) wake(p *payer, at time.Time) {
	if p.timer != nil {
		if !at.Before(p.wakeAt) {
			return
		}
		p.timer.Stop()
	}
	p.wakeAt = at
	p.timer = time.AfterFunc(time.Until(at), func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		p.timer = nil
		l.serve(p)
		l.settle(p)
	})
}

// sleepOn cancels wake.
func (p *payer) sleepOn() {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// giveBack returns slots of p and units of MaxConcurrent, and serves the waiters that can
// use them.
func (l *Limiter) giveBack(p *payer, slots, units int) {
	p.inFlight -= slots
	l.units -= units
	l.serve(p)
	// Payers take turns, one grant each.
	for !l.full() && l.turns.Len() > 0 {
		next := l.turns.Remove(l.turns.Front()).(*payer)
		next.turn = nil
		if l.grantOne(next, false) && next.queue.n > 0 {
			next.turn = l.turns.PushBack(next)
		}
	}
	l.settle(p)
}
