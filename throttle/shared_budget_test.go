package throttle_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// TestTwoProcessesShareAnAccount: each would take everything that the account may use. They
// learn from the delays, and the server never has to refuse.
func TestTwoProcessesShareAnAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newModelServer(throttle.DefaultBudget())
		const lasting = 2 * time.Hour
		start := time.Now()
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				l := newLimiter(t, nil)
				demand(t, l, s, "svc", 20, 60*time.Millisecond, 300*time.Millisecond, lasting)
				t.Logf("%+v", l.State("svc"))
			})
		}
		wg.Wait()
		a := s.payers["svc"]
		got := s.result(a, time.Since(start))
		t.Logf("%.1f %% of the allowed work, %.2f %% of %d calls busy, %.1f %% delayed, balance %v", got.allowed, got.busy, a.calls, got.delayed, a.balance)
		assert.GreaterOrEqual(t, got.allowed, 95.0)
		assert.Less(t, got.busy, 1.0)
		assert.Greater(t, a.balance, -s.budget.CutoffBalance/4)
	})
}

// TestASlowServerIsStillUsed: responses that are slow for reasons other than a budget look
// like delays. That costs part of the rate, for a while.
func TestASlowServerIsStillUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		s := newModelServer(throttle.DefaultBudget())
		demand(t, l, s, "svc", 40, 60*time.Millisecond, 300*time.Millisecond, 30*time.Minute)
		s.payers["svc"].work = 0
		demand(t, l, s, "svc", 40, 300*time.Millisecond, 1500*time.Millisecond, 30*time.Minute)
		usual := time.Duration(float64(30*time.Minute) * s.rate())
		got := 100 * s.payers["svc"].work.Seconds() / usual.Seconds()
		t.Logf("%.1f %% of the usual work; %+v", got, l.State("svc"))
		assert.GreaterOrEqual(t, got, 50.0)
	})
}
