package throttle

import (
	"math"
	"time"
)

const (
	// inARow is how many calls in a row must be slow before a payer counts as delayed: more
	// than a slow message or a briefly busy server accounts for. A payer counts as
	// undelayed if at most fewSlow of that many calls are slow.
	inARow  = 32
	fewSlow = inARow / 4

	// slowFactor and slowMargin define a slow call: it takes more than slowFactor times as
	// long as fast calls of the same kind, plus slowMargin.
	slowFactor = 2
	slowMargin = 20 * time.Millisecond
)

// verdict is what a series of calls shows.
type verdict int

const (
	undecided verdict = iota
	delayed
	undelayed
)

// delays looks for the delays with which a server slows down a payer that has used up its
// budget (micro-delays). No header reports them, but they affect every call.
type delays struct {
	run         int // slow calls in a row
	calls, slow int // of the current series of inARow calls
}

func (d *delays) add(slow bool) verdict {
	d.calls++
	if slow {
		d.run++
		d.slow++
	} else {
		d.run = 0
	}
	if d.run >= inARow {
		*d = delays{}
		return delayed
	}
	if d.calls < inARow {
		return undecided
	}
	few := d.slow <= fewSlow
	d.calls, d.slow = 0, 0
	if few {
		return undelayed
	}
	return undecided
}

const (
	// learnFast is how many calls of a kind are learned from with full steps.
	learnFast = 200

	// fullStep is the fraction by which a slower call raises kind.fast. A faster call lowers
	// it by nine times as much, so that a tenth of the calls are faster.
	fullStep = 0.01

	// doubling is the least time in which kind.fast can double after learnFast calls, so
	// that delays are not soon mistaken for normal.
	doubling = 10 * time.Minute
)

// kind is what the limiter knows about calls of one operation to the server.
type kind struct {
	calls int
	fast  float64 // nanoseconds; a tenth of the calls take less
	cost  float64 // nanoseconds; the recent average
	at    time.Time
}

// expected returns what a call will cost; zero if nothing is known.
func (k *kind) expected() time.Duration { return time.Duration(k.cost) }

// observe learns from a call's duration and cost, and reports whether it was slow.
func (k *kind) observe(took, cost time.Duration, now time.Time) (slow bool) {
	ns := float64(took)
	k.calls++
	if k.calls == 1 {
		k.fast, k.cost, k.at = ns, float64(cost), now
		return false
	}
	slow = ns > slowFactor*k.fast+float64(slowMargin)
	k.cost += (float64(cost) - k.cost) / 8
	step := fullStep
	if k.calls > learnFast {
		step = min(step, math.Ln2*float64(now.Sub(k.at))/float64(doubling))
	}
	k.at = now
	if ns < k.fast {
		k.fast = max(ns, k.fast*(1-9*step))
	} else {
		k.fast = min(ns, k.fast*(1+step))
	}
	return slow
}

// mostKinds bounds how many kinds are distinguished: EWS has fewer operations.
const mostKinds = 128

// kind returns what is known about an operation.
func (l *Limiter) kind(operation string) *kind {
	k := l.kinds[operation]
	if k == nil {
		if len(l.kinds) >= mostKinds {
			operation = ""
			if k = l.kinds[""]; k != nil {
				return k
			}
		}
		k = new(kind)
		l.kinds[operation] = k
	}
	return k
}
