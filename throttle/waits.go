package throttle

import (
	"container/list"
	"slices"
	"strings"
	"time"
)

// Wait describes what the callers of one payer are waiting for.
type Wait struct {
	Payer   string // in lower case
	Callers int    // how many wait
	Since   time.Time
	For     WaitReason
	Until   time.Time // end of the pause, or when the bucket will suffice; zero for other reasons
}

// WaitReason is what a caller is waiting for.
type WaitReason string

// What callers wait for.
const (
	// WaitPause is for the end of a pause that the server asked for.
	WaitPause WaitReason = "pause"
	// WaitBudget is for the end of another call of the same payer.
	WaitBudget WaitReason = "budget"
	// WaitRate is for the payer's token bucket to recharge: see [Budget].
	WaitRate WaitReason = "rate"
	// WaitTurn is for one of MaxConcurrent in [Options].
	WaitTurn WaitReason = "turn"
)

// Waits returns who is waiting for what, and since when, the longest first. It is meant
// for a status page, or for finding out why a run is slow.
func (l *Limiter) Waits() []Wait {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var all []Wait
	for _, p := range l.payers {
		n := p.waiting()
		if n == 0 {
			continue
		}
		w := Wait{Payer: p.key, Callers: n, Since: p.waitingSince(), For: WaitTurn}
		switch {
		case p.parked(now):
			w.For, w.Until = WaitPause, p.until
		case p.promised.Len() == 0 && !p.fits(1):
			w.For = WaitBudget
		case p.timer != nil && p.wakeAt.After(now):
			w.For, w.Until = WaitRate, p.wakeAt
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Wait) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.Payer, b.Payer)
	})
	return all
}

// waitingSince returns when the first of p's waiters began to wait.
func (p *payer) waitingSince() time.Time {
	var first time.Time
	earlier := func(w *waiter) {
		if first.IsZero() || w.since.Before(first) {
			first = w.since
		}
	}
	for _, line := range []*list.List{&p.promised, &p.holding} {
		if e := line.Front(); e != nil {
			earlier(e.Value.(*waiter))
		}
	}
	p.queue.heads(earlier)
	return first
}
