package throttle

import (
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
)

// newPayer returns the initial state of a payer.
func (l *Limiter) newPayer(key string, now time.Time) *payer {
	p := &payer{key: key}
	n, ok := l.limits[key]
	if !ok {
		n = l.opts.PerPayer
	}
	if n == 0 {
		n = DefaultPerPayer
	}
	p.limit, p.start, p.allowed = n, n, n
	if b := l.budget(key); b.bounds() {
		p.bucket = newBucket(b, now)
	}
	return p
}

// budget returns the budget that was set for a payer, or the zero value if none was.
func (l *Limiter) budget(key string) Budget {
	if b, ok := l.budgets[key]; ok {
		return b
	}
	return l.opts.Budget
}

// learn applies the preset of a version that p has not been seen on before.
func (l *Limiter) learn(p *payer, call *callinfo.Call) {
	if major := call.Version(); major > 0 && !slices.Contains(p.majors, major) {
		preset := l.opts.Preset(major)
		preset.Concurrency = max(preset.Concurrency, 1)
		preset.Budget = preset.Budget.withDefaults()
		if p.majors != nil {
			preset = preset.stricter(p.preset)
		}
		p.majors = append(p.majors, major)
		p.preset = preset
		l.apply(p)
	}
}

// apply makes p follow its preset, except where something else was set.
func (l *Limiter) apply(p *payer) {
	if _, set := l.limits[p.key]; !set && l.opts.PerPayer == 0 {
		p.limit = p.preset.Concurrency
		p.start = min(p.limit, DefaultPerPayer)
		p.allowed = min(p.limit, p.allowed)
	}
	if l.budget(p.key) != (Budget{}) {
		return
	}
	if p.preset.Budget.bounds() {
		p.adopt(p.preset.Budget)
	}
}

// adopt makes p follow a budget.
func (p *payer) adopt(b Budget) {
	switch now := time.Now(); {
	case !b.bounds():
		p.bucket = nil
	case p.bucket == nil:
		p.bucket = newBucket(b, now)
	default:
		p.bucket.adopt(b, now)
	}
}

// pause returns how long w must wait for the balance of p's bucket; zero means not at all.
func (p *payer) pause(w *waiter, now time.Time) time.Duration {
	if p.bucket == nil {
		return 0
	}
	return p.bucket.pause(w.cost(), now)
}

// cost returns what a call is expected to take of its payer's budget.
func (w *waiter) cost() time.Duration {
	if w.kind == nil {
		return 0
	}
	return w.kind.expected()
}

// pledge sets aside what the call is expected to take.
func (p *payer) pledge(w *waiter) {
	if p.bucket != nil && w.kind != nil {
		w.bucket, w.pledged = p.bucket, w.cost()
		p.bucket.pledged += w.pledged
	}
}

// unpledge undoes pledge for a call that was not made after all.
func (p *payer) unpledge(w *waiter) {
	if w.bucket != nil {
		w.bucket.pledged -= w.pledged
	}
}

// pay charges the call to p's bucket, and learns from the time it took.
func (l *Limiter) pay(p *payer, w *waiter, throttled bool) {
	l.network.saw(w.call.RoundTrip())
	if w.bucket == nil || w.bucket != p.bucket {
		return // there was no bucket when the call began, or it has been replaced
	}
	now := time.Now()
	took := now.Sub(w.granted)
	if w.call.Unanswered() {
		// The time was spent by the network or a stalled server, and it is not known
		// whether the call was carried out.
		p.bucket.charge(w.pledged, min(took, w.pledged), now)
		return
	}
	cost := l.network.charged(took, w.kind)
	p.bucket.charge(w.pledged, cost, now)
	if !throttled {
		p.bucket.answered(w.kind.observe(took, cost, now), now)
	}
}
