package throttle

import "time"

const (
	// mostCharged bounds what one call is charged. The server stops working on a request
	// after about a minute; anything longer is a stream that its reader holds open.
	mostCharged = time.Minute

	// leastShare bounds how far the model's share of the recharge rate can fall:
	// what looks like delays may be a slow server, which is no reason to wait.
	leastShare = 1.0 / 2

	// lowered is the factor by which the share changes when the server delays calls. With
	// Probe, raised is the factor by which it changes every raiseEvery while the server
	// does not, beginning quietFor after the last delays. The server's own reserve hides
	// for a while that a rate is too high, so the share must rise slowly.
	lowered    = 0.7
	raised     = 1.1
	raiseEvery = 10 * time.Second
	quietFor   = time.Minute

	// shareRegained bounds how long it takes for a share that was lowered to become whole
	// again.
	shareRegained = 20 * time.Minute

	// leastPause prevents a wait from being rounded to nothing.
	leastPause = time.Millisecond
)

// bucket is what the limiter believes about a payer's bucket on the server. It is
// guarded by Limiter.mu.
type bucket struct {
	budget  Budget
	balance time.Duration // at the time at
	at      time.Time
	pledged time.Duration // what calls in flight are expected to take

	// share is the part of the recharge rate that seems to be available to us: other
	// programs may use the same account, and policies differ. It exceeds 1 only with Probe.
	share float64

	delays delays
	held   bool      // someone has waited for the balance since calls last looked undelayed
	quiet  time.Time // share does not rise before
}

func newBucket(b Budget, now time.Time) *bucket {
	return &bucket{budget: b, balance: b.MaxBurst, at: now, share: 1}
}

// adopt replaces the budget.
func (b *bucket) adopt(budget Budget, now time.Time) {
	b.recharge(now)
	b.budget = budget
	b.balance = min(b.balance, budget.MaxBurst)
	if !budget.Probe {
		b.share = min(b.share, 1)
	}
}

// rate returns how much the balance gains in a unit of time.
func (b *bucket) rate() float64 {
	return float64(b.budget.RechargeRate) / float64(time.Hour) * b.share
}

// recharge brings the balance up to date.
func (b *bucket) recharge(now time.Time) {
	elapsed := now.Sub(b.at)
	if elapsed <= 0 {
		return
	}
	b.at = now
	b.balance = min(b.budget.MaxBurst, b.balance+time.Duration(b.rate()*float64(elapsed)))
	if b.share < 1 {
		b.share = min(1, b.share+float64(elapsed)/float64(shareRegained))
	}
}

// pause returns how long a call with the given expected cost must wait; zero means that it
// may go.
func (b *bucket) pause(cost time.Duration, now time.Time) time.Duration {
	b.recharge(now)
	// With half of the bucket for each of the two, a full bucket always lets a call go,
	// even if calls in flight end only after it.
	half := b.budget.MaxBurst / 2
	lacking := min(cost, half) + min(b.pledged, half) - b.balance
	if lacking <= 0 {
		return 0
	}
	b.held = true
	return max(time.Duration(float64(lacking)/b.rate()), leastPause)
}

// charge ends a call.
func (b *bucket) charge(pledged, cost time.Duration, now time.Time) {
	b.recharge(now)
	b.pledged -= pledged
	b.balance = max(b.balance-cost, -b.budget.CutoffBalance)
}

// answered learns from a call whether the server delays this payer's calls.
func (b *bucket) answered(slow bool, now time.Time) {
	switch b.delays.add(slow) {
	case delayed:
		if b.budget.Probe || b.balance < b.budget.MaxBurst/10 {
			b.share = max(b.share*lowered, leastShare)
		}
		b.quiet = now.Add(quietFor)
		b.refused()
	case undelayed:
		// A rate that nobody waits for has not been tried.
		if b.budget.Probe && b.held && !now.Before(b.quiet) {
			b.share *= raised
			b.quiet = now.Add(raiseEvery)
		}
		b.held = false
	}
}

// refused lowers a balance that is not as good as it looked.
func (b *bucket) refused() {
	if b.balance > 0 {
		b.balance /= 2
	}
}

// full reports whether forgetting the bucket of a payer without calls would lose nothing.
func (b *bucket) full(now time.Time) bool {
	b.recharge(now)
	return b.balance == b.budget.MaxBurst && b.share == 1
}
