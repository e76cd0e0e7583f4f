package ews

import "time"

// perByte is how much time each transferred byte gives back to an [allowance]: a transfer
// slower than 1 KiB a second in the long run is given up.
const perByte = time.Second / 1024

// allowance is the time that may be spent waiting for the other side. Waiting uses it up,
// and transferred bytes give some of it back. If each piece restored the whole of it, a
// server could hold a call forever by sending a byte now and then.
type allowance struct {
	limit   time.Duration
	expired func() // called when nothing is left
	left    time.Duration
	since   time.Time
	timer   *time.Timer
}

// newAllowance returns an allowance that is not yet in use. With a negative limit it
// never expires.
func newAllowance(limit time.Duration, expired func()) *allowance {
	return &allowance{limit: limit, left: limit, expired: expired}
}

// wait starts using up the allowance.
func (a *allowance) wait() { a.run(a.left) }

// elsewhere restarts the timer with the whole limit, without using up the allowance. It
// is for time spent waiting for the caller.
func (a *allowance) elsewhere() { a.run(a.limit) }

// used deducts the time since wait.
func (a *allowance) used() {
	if a.stop() {
		a.left -= time.Since(a.since)
	}
}

// moved gives back the time for n bytes.
func (a *allowance) moved(n int) { a.left = min(a.limit, a.left+time.Duration(n)*perByte) }

// renew gives back the whole allowance.
func (a *allowance) renew() { a.left = a.limit }

func (a *allowance) run(d time.Duration) {
	if a.limit < 0 {
		return
	}
	a.since = time.Now()
	if a.timer == nil {
		a.timer = time.AfterFunc(d, a.expired)
	} else {
		a.timer.Reset(d)
	}
}

// stop reports whether the timer was running and had not expired.
func (a *allowance) stop() bool { return a.timer != nil && a.timer.Stop() }
