package throttle

import (
	"container/list"
	"time"
)

const (
	// recoverAfter is how many calls that were not throttled raise the bound of
	// a payer by one.
	recoverAfter = 10

	// forgetAfter is how long an unused payer that was throttled is remembered,
	// counted from the end of its park.
	forgetAfter = 10 * time.Minute
)

// payer is the state of one budget, guarded by Limiter.mu.
type payer struct {
	key      string
	limit    int // as configured, or from the preset
	start    int // initial value of allowed
	allowed  int // 1 to limit
	inFlight int // calls and reserved slots

	majors []int   // versions of the server that have been seen
	preset Preset  // what all of them allow
	bucket *bucket // nil: none

	until    time.Time // parked until then
	refusals int       // times in a row throttled without a hint
	passed   int       // calls not throttled since allowed last changed

	// epoch counts how often allowed was lowered. The outcome of a call that started in
	// an earlier epoch says nothing about the current one.
	epoch uint64

	// The three queues of waiters, each in order of arrival. Waiters with a
	// promised slot wait only for the end of the park; those holding a unit of
	// MaxConcurrent must not queue behind those waiting for one.
	promised, holding list.List
	queue             line
	timer             *time.Timer // set while anyone waits for a time: see wake
	wakeAt            time.Time

	turn      *list.Element // in Limiter.turns
	idle      *list.Element // in Limiter.idle
	idleSince time.Time
}

func (p *payer) parked(now time.Time) bool { return now.Before(p.until) }

func (p *payer) waiting() int { return p.promised.Len() + p.holding.Len() + p.queue.n }

// asNew reports whether forgetting p would lose nothing.
func (p *payer) asNew(now time.Time) bool {
	return p.allowed >= p.start && p.refusals == 0 && !p.parked(now) && (p.bucket == nil || p.bucket.full(now))
}

// fits reports whether n more slots may be taken. A reservation of more slots
// than allowed has the payer to itself rather than never being granted.
func (p *payer) fits(n int) bool { return p.inFlight == 0 || p.inFlight+n <= p.allowed }

func (p *payer) setLimit(n int) {
	if p.allowed == p.limit || p.allowed > n {
		p.allowed = n
	}
	p.limit, p.start = n, n
}

// report records the outcome of a call that started in the given epoch. It
// returns the resulting park, or nil if there is no new one.
func (p *payer) report(opts *Options, epoch uint64, throttled bool, backOff time.Duration) *ParkEvent {
	current := epoch == p.epoch
	if !throttled && backOff <= 0 {
		if current {
			p.succeeded()
		}
		return nil
	}
	now := time.Now()
	hinted := backOff > 0
	switch {
	case hinted:
		backOff = min(backOff, opts.MaxPark)
	case current:
		p.refusals++
		backOff = opts.delay(p.refusals)
	default:
		return nil // reports what is already known
	}
	if current {
		p.epoch++
		p.passed = 0
		p.allowed = max(p.allowed/2, 1)
		if p.bucket != nil {
			p.bucket.refused()
		}
	}
	until := now.Add(backOff)
	if !until.After(p.until) {
		return nil
	}
	p.until = until
	return &ParkEvent{Payer: p.key, Until: until, For: backOff, Hinted: hinted, Allowed: p.allowed}
}

func (p *payer) succeeded() {
	p.refusals = 0
	if p.allowed >= p.limit {
		return
	}
	if p.passed++; p.passed >= recoverAfter {
		p.passed = 0
		p.allowed++
	}
}

// lookUp returns the state of a payer, creating it if necessary.
func (l *Limiter) lookUp(key string) *payer {
	l.sweep()
	p := l.payers[key]
	if p == nil {
		p = l.newPayer(key, time.Now())
		l.payers[key] = p
	}
	if p.idle != nil {
		l.idle.Remove(p.idle)
		p.idle = nil
	}
	return p
}

// settle forgets an unused p if its state is as new, and otherwise records since
// when it has been unused.
func (l *Limiter) settle(p *payer) {
	if p.inFlight > 0 || p.waiting() > 0 || p.idle != nil || l.payers[p.key] != p {
		return // in use, or already forgotten when one of its timers fires
	}
	if p.turn != nil {
		l.turns.Remove(p.turn)
		p.turn = nil
	}
	now := time.Now()
	if p.asNew(now) {
		delete(l.payers, p.key)
		return
	}
	p.idleSince = now
	p.idle = l.idle.PushBack(p)
}

// sweep forgets the payers that have been idle long enough.
func (l *Limiter) sweep() {
	if l.idle.Len() == 0 {
		return
	}
	now := time.Now()
	for e := l.idle.Front(); e != nil; e = l.idle.Front() {
		p := e.Value.(*payer)
		since := p.idleSince
		if p.until.After(since) {
			since = p.until
		}
		if now.Before(since.Add(forgetAfter)) && !p.asNew(now) {
			return
		}
		l.idle.Remove(e)
		p.idle = nil
		delete(l.payers, p.key)
	}
}
