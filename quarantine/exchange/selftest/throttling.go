package selftest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// checkPatience is the longest back-off that the self-test waits for.
const checkPatience = 20 * time.Second

// checkPause is how long it waits if the server does not say.
const checkPause = 2 * time.Second

var errCheckBusy = errors.New("the server asks for a longer pause than the self-test waits for")

// checkLimiter is an [ews.Limiter] that records how the server throttles.
type checkLimiter struct {
	inner ews.Limiter // may be nil

	mu        sync.Mutex
	calls     int
	throttled int
	longest   time.Duration // longest pause asked for
	slowest   time.Duration // slowest call
	until     time.Time     // no call before
	refused   bool          // no more calls are made
	gave      bool          // whether it ever gave up
}

// Acquire waits as long as the server asked, and fails if that is too long.
func (l *checkLimiter) Acquire(ctx context.Context, payer string) (func(bool, time.Duration), error) {
	if err := l.wait(ctx); err != nil {
		return nil, err
	}
	release := func(bool, time.Duration) {}
	if l.inner != nil {
		var err error
		if release, err = l.inner.Acquire(ctx, payer); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	return func(throttled bool, backOff time.Duration) {
		l.count(throttled, backOff, time.Since(began))
		release(throttled, backOff)
	}, nil
}

func (l *checkLimiter) wait(ctx context.Context) error {
	l.mu.Lock()
	d := time.Until(l.until)
	if d > checkPatience {
		l.refused, l.gave = true, true
	}
	refused := l.refused
	l.mu.Unlock()
	if refused {
		return errCheckBusy
	}
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *checkLimiter) count(throttled bool, backOff, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.slowest = max(l.slowest, took)
	if throttled {
		l.throttled++
		l.longest = max(l.longest, backOff)
		l.until = time.Now().Add(max(backOff, checkPause))
	}
}

func (l *checkLimiter) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused, l.gave = true, true
}

// insist lets through the few calls that remove the test item, whatever the
// server asked for: leaving it behind would be worse.
func (l *checkLimiter) insist() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused, l.until = false, time.Time{}
}

func (l *checkLimiter) gaveUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gave
}

// checkThrottling reports how the server throttled. Clients cannot query the
// limits themselves.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
func (k *checker) checkThrottling() {
	l := k.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls == 0 {
		return
	}
	seen := fmt.Sprintf("%d calls, the slowest took %s", l.calls, l.slowest.Round(time.Millisecond))
	asked := fmt.Sprintf("%s; the server asked to slow down %d times", seen, l.throttled)
	if l.longest > 0 {
		asked += fmt.Sprintf(", for up to %s", l.longest.Round(time.Millisecond))
	}
	switch {
	case l.gave:
		k.fail(CheckThrottling, "", asked, k.throttlingRemedy())
	case l.throttled > 0:
		k.warn(CheckThrottling, "", asked, k.throttlingRemedy())
	default:
		k.ok(CheckThrottling, "", seen+"; the server never asked to slow down")
	}
}

var _ ews.Limiter = (*checkLimiter)(nil)
