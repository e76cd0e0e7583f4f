package ews

import "time"

// perByte is how much time each byte that moves gives back to an [allowance]: what
// is slower than 1 KiB a second in the long run is given up.
const perByte = time.Second / 1024

// allowance is the time that may be spent on waiting for the other side. Waiting
// uses it up, and what comes or goes gives some of it back; if it began anew with
// each piece, a server could hold a call for ever with a byte now and then.
type allowance struct {
	limit   time.Duration
	expired func() // called when nothing is left
	left    time.Duration
	since   time.Time
	timer   *time.Timer
}

// newAllowance returns an allowance that is not being used. With a negative
// limit it never expires.
func newAllowance(limit time.Duration, expired func()) *allowance {
	return &allowance{limit: limit, left: limit, expired: expired}
}

// wait begins to use it.
func (a *allowance) wait() { a.run(a.left) }

// elsewhere lets the whole limit pass from now on, without using it: for waiting for
// the caller.
func (a *allowance) elsewhere() { a.run(a.limit) }

// used takes off the time since wait.
func (a *allowance) used() {
	if a.stop() {
		a.left -= time.Since(a.since)
	}
}

// moved gives back the time for n bytes.
func (a *allowance) moved(n int) { a.left = min(a.limit, a.left+time.Duration(n)*perByte) }

// renew gives back all of it.
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

// stop reports whether it was running and had not expired.
func (a *allowance) stop() bool { return a.timer != nil && a.timer.Stop() }
