package fleet

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// usualCall is how long a call is expected to take before one has been seen. longestCall is
// the most that a call is charged: the server stops then.
const (
	usualCall   = 200 * time.Millisecond
	longestCall = time.Minute
)

// account is this worker's part of a shared payer's budget. It is guarded by its limiter's
// mu.
type account struct {
	share   Share
	bounded bool    // whether there is a bucket
	byCall  bool    // whether it counts calls, and not seconds
	burst   float64 // calls or seconds
	rate    float64 // the same, per second

	slots  int       // how many calls may be in flight
	until  time.Time // when the slots expire, by the clock of this machine
	credit float64   // what calls may take from the bucket; negative: what was taken too much
	used   int       // slots in use
	flying int       // calls in flight, including those in reserved slots
	peak   int       // the most slots that were used or wanted since the database was asked
	spent  float64   // what was taken since then
	kept   int       // how many slots the database believes that this worker has
	// satisfied means that the database granted all that it was last asked for.
	satisfied bool
	at        time.Time // when the part for a silent database was last added

	expected float64 // how long calls take, in seconds
}

// configure sets the budget. The slots and the credit stay.
func (a *account) configure(s Share) {
	a.share = s
	b := s.Budget
	if b == (throttle.Budget{}) && s.Rate == (Rate{}) {
		b = throttle.DefaultBudget()
	}
	def := throttle.DefaultBudget()
	switch {
	case s.Rate != (Rate{}):
		a.bounded, a.byCall = true, true
		a.burst, a.rate = float64(s.Rate.Calls), float64(s.Rate.Calls)/s.Rate.Per.Seconds()
	case b.Unlimited:
		a.bounded, a.byCall, a.burst, a.rate = false, false, 0, 0
	default:
		if b.MaxBurst == 0 {
			b.MaxBurst = def.MaxBurst
		}
		if b.RechargeRate == 0 {
			b.RechargeRate = def.RechargeRate
		}
		a.bounded, a.byCall = true, false
		a.burst, a.rate = b.MaxBurst.Seconds(), b.RechargeRate.Hours() // an hour gains RechargeRate
	}
}

// allowed returns how many calls may be in flight.
func (a *account) allowed(now time.Time, silent bool, workers int) int {
	switch {
	case now.Before(a.until):
		return a.slots
	case silent:
		return max(1, a.share.Concurrency/workers)
	}
	return 0 // ask the database first
}

// recharge takes away what a lease gave when it has ended, and adds the part of a worker
// that gets no answer from the database.
func (a *account) recharge(now time.Time, silent bool, workers int) {
	if !a.bounded || now.Before(a.until) {
		a.at = time.Time{}
		return
	}
	most, rate := a.burst/float64(workers), a.rate/float64(workers)
	switch {
	case !silent:
		a.credit, a.at = min(a.credit, 0), time.Time{}
	case a.at.IsZero():
		a.credit, a.at = min(a.credit, most), now
	default:
		a.credit, a.at = min(most, a.credit+rate*now.Sub(a.at).Seconds()), now
	}
}

// owes reports whether others wait for slots that have become free.
func (a *account) owes() bool { return a.kept > a.slots && a.used <= a.slots }

// covers reports whether the credit covers n more calls.
func (a *account) covers(n int) bool {
	switch {
	case !a.bounded || n == 0:
		return true
	case a.byCall:
		return a.credit >= float64(n)
	}
	return a.credit >= float64(a.flying+n)*a.expected || a.flying == 0 && a.credit > 0
}

// began charges what a call costs when it begins.
func (a *account) began() {
	a.flying++
	if a.byCall {
		a.charge(1)
	}
}

// ended charges what a call costs when it has ended.
func (a *account) ended(took time.Duration) {
	a.flying--
	cost := min(took, longestCall).Seconds()
	a.expected += (cost - a.expected) / 8
	if a.bounded && !a.byCall {
		a.charge(cost)
	}
}

func (a *account) charge(cost float64) {
	a.credit -= cost
	a.spent += cost
}

// ask returns what to ask the database for: twice what is needed until it is asked again.
// The account's peak counts, or the slots would be given away between two calls. A worker
// whose calls wait asks for more than that, so it is not held up if there is more.
func (a *account) ask(waiting int) (want int, credit float64) {
	want = max(a.peak, a.used+waiting)
	if waiting > 0 {
		want = 2 * want
	}
	want = min(want, max(a.share.Concurrency, a.used))
	if !a.bounded {
		return want, 0
	}
	if want == 0 {
		return 0, -a.credit
	}
	unit := a.expected
	if a.byCall {
		unit = 1
	}
	return want, max(0, min(a.burst, float64(want)*unit+2*a.spent)-a.credit)
}
