package throttle

import (
	"math"
	"time"
)

const (
	// inARow is how many calls in a row must be slow before a payer counts as delayed: more
	// than one slow message, or a server that is busy for a moment. Of as many, at most
	// fewSlow may be slow if it is to count as undelayed.
	inARow  = 32
	fewSlow = inARow / 4

	// slowFactor and slowMargin say what is slow: longer than so many times what fast
	// calls of the same kind take, and so much more.
	slowFactor = 2
	slowMargin = 20 * time.Millisecond
)

// verdict is what a series of calls says.
type verdict int

const (
	undecided verdict = iota
	delayed
	undelayed
)

// delays looks for the delays by which a server slows down whoever has used up its budget
// (micro-delays). They are in no header, but they are in every call.
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

	// fullStep is by how much a call raises the time of fast ones: it is lowered by nine
	// times as much, so that a tenth of the calls are faster.
	fullStep = 0.01

	// doubling is how long it takes at least until that time doubles after learnFast calls,
	// so that delays do not pass for normal soon.
	doubling = 10 * time.Minute
)

// kind is what the limiter knows about calls of one operation to the server.
type kind struct {
	calls int
	fast  float64 // nanoseconds; the time below which a tenth of the calls are
	cost  float64 // nanoseconds; the recent average
	at    time.Time
}

// expected returns what a call will cost; zero if nothing is known.
func (k *kind) expected() time.Duration { return time.Duration(k.cost) }

// observe learns from a call, which took and cost so long, and reports whether it was slow.
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

// mostKinds bounds how many kinds are told apart: EWS has fewer operations.
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
