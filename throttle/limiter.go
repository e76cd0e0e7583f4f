package throttle

import (
	"container/list"
	"context"
	"strings"
	"sync"
	"time"
)

// Limiter decides when a call may be sent. All workers of a process that talk to
// the same Exchange organisation share one. Its methods may be called
// concurrently.
type Limiter struct {
	opts Options

	mu      sync.Mutex
	limits  map[string]int
	budgets map[string]Budget
	payers  map[string]*payer
	kinds   map[string]*kind // by operation
	network network
	units   int       // calls and reservations in flight, bounded by MaxConcurrent
	turns   list.List // of *payer: those that wait for a unit, next one first
	idle    list.List // of *payer: unused but with state to remember, oldest first
	seq     uint64    // order of arrival
}

// New returns a limiter. It copies opts; nil means the defaults. It starts no
// goroutine and needs no Close.
func New(opts *Options) (*Limiter, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Limiter{
		opts:    o,
		limits:  o.Limits, // withDefaults made these copies
		budgets: o.Budgets,
		payers:  make(map[string]*payer),
		kinds:   make(map[string]*kind),
	}, nil
}

// Acquire waits until a call charged to payer may be sent. The payer's name is
// not case-sensitive; the empty name is a payer like any other. If ctx ends
// first, Acquire returns its cause, wrapped in a [*ParkedError] if a pause that the
// server had asked for was still running.
//
// release must be called once, after the response has been read: throttled reports
// whether the server asked the payer to slow down, and backOff for how long
// (zero: it did not say). A backOff above zero always counts as throttled, and
// parks the payer for at most Options.MaxPark. If the server wants fewer concurrent
// calls but no pause (ErrorExceededConnectionCount), pass a backOff of about a
// second. Further calls of release do nothing.
//
// With a context from [Limiter.Reserve], Acquire takes from that reservation. [About]
// describes what else the context can carry.
func (l *Limiter) Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error) {
	key := strings.ToLower(payer)
	if r := l.reservation(ctx); r != nil && r.take(key) {
		return l.acquireReserved(ctx, r, key)
	}
	if l.reservation(ctx).holds() {
		return l.acquireBeyond(ctx, key)
	}
	w := newWaiter(ctx, 1, 1)
	p, err := l.wait(ctx, key, w)
	if err != nil {
		return nil, err
	}
	return l.releaser(p, w, func() { l.giveBack(p, 1, 1) }), nil
}

// releaser returns the function that reports a call's outcome and, with mu held,
// gives back what the call took.
func (l *Limiter) releaser(p *payer, w *waiter, giveBack func()) func(bool, time.Duration) {
	var once sync.Once
	return func(throttled bool, backOff time.Duration) {
		once.Do(func() {
			l.mu.Lock()
			l.pay(p, w, throttled || backOff > 0)
			park := p.report(&l.opts, w.epoch, throttled, backOff)
			giveBack()
			l.mu.Unlock()
			if park != nil && l.opts.OnPark != nil {
				l.opts.OnPark(*park)
			}
		})
	}
}

// SetLimit changes the bound on calls in flight for one payer, whatever its preset
// says. It takes effect immediately, but does not affect calls in flight. n below 1 counts
// as 1.
func (l *Limiter) SetLimit(payer string, n int) {
	key := strings.ToLower(payer)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits[key] = max(n, 1)
	if p := l.payers[key]; p != nil {
		p.setLimit(max(n, 1))
		l.serve(p)
	}
}

// SetBudget changes the token bucket of one payer, whatever its preset says, for example
// to match the throttling policy of a service account. It takes effect immediately; what
// the bucket is believed to hold stays, as far as it fits. Fields that are zero have their
// defaults. The error names the field that cannot be used.
func (l *Limiter) SetBudget(payer string, b Budget) error {
	if err := b.check("Budget"); err != nil {
		return err
	}
	b = b.orDefault()
	key := strings.ToLower(payer)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.budgets[key] = b
	if p := l.payers[key]; p != nil {
		p.adopt(b)
		l.serve(p)
	}
	return nil
}

// State is what the limiter knows about a payer at one moment.
type State struct {
	Limit       int       // the configured bound on calls in flight
	Allowed     int       // the current bound: lower after throttling
	InFlight    int       // calls in flight and slots reserved
	Waiting     int       // waiting callers
	ParkedUntil time.Time // zero: not parked
	Refusals    int       // times in a row the server throttled without a hint

	// Balance is what the payer's token bucket is believed to hold, less what calls in
	// flight are expected to take; below zero, calls wait. Rate is how fast it recharges:
	// 0.25 means a quarter of a second of the server's time per second. Both are zero if
	// there is no bucket: see [Budget].
	Balance time.Duration
	Rate    float64
}

// State returns what the limiter knows about payer. For an unknown payer that is
// the initial state.
func (l *Limiter) State(payer string) State {
	key := strings.ToLower(payer)
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.payers[key]
	now := time.Now()
	if p == nil {
		p = l.newPayer(key, now) // not kept
	}
	s := State{
		Limit:    p.limit,
		Allowed:  p.allowed,
		InFlight: p.inFlight,
		Waiting:  p.waiting(),
		Refusals: p.refusals,
	}
	if p.parked(now) {
		s.ParkedUntil = p.until
	}
	if b := p.bucket; b != nil {
		b.recharge(now)
		s.Balance, s.Rate = b.balance-b.pledged, b.rate()
	}
	return s
}

// Payers returns the number of payers that the limiter keeps state for: those with
// calls in flight or waiting, those that are parked, those throttled recently, and those
// whose bucket is not full yet.
func (l *Limiter) Payers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep()
	return len(l.payers)
}
