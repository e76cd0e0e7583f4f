package throttle_test

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

var rates = flag.Bool("rates", false, "print the work of each minute of TestRateOverTime as internal/plots reads it")

// TestRateOverTime: once the first minute has spent the burst, a server does about as much
// for a campaign in every minute as the budget recharges in one, rather than much in some
// minutes and nothing in others; also if the budget is half of what the limiter expects.
func TestRateOverTime(t *testing.T) {
	t.Parallel()
	preset := throttle.DefaultBudget()
	half := preset
	half.MaxBurst, half.RechargeRate = preset.MaxBurst/2, preset.RechargeRate/2
	for name, budget := range map[string]throttle.Budget{"as-preset": preset, "half-of-it": half} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var minutes []time.Duration
			synctest.Test(t, func(t *testing.T) { minutes = workEachMinute(t, budget, 30) })
			recharge := 60 * budget.RechargeRate.Hours()
			settled := 2
			if budget != preset {
				settled = 5 // it believed the burst to be twice as large, and pays that back
			}
			for i, work := range minutes {
				if i == 0 {
					continue // the burst
				}
				if i+1 >= settled {
					assert.InDelta(t, recharge, work.Seconds(), 0.25*recharge, "minute %d", i+1)
				}
				if *rates {
					fmt.Printf("BenchmarkRate/budget=%s/minute=%d 1 %.2f work-s/min %.2f recharge-s/min\n", name, i+1, work.Seconds(), recharge)
				}
			}
		})
	}
}

// workEachMinute returns how much a model server with a budget does in each minute for a
// client that asks for more than it can have, and that expects the preset budget.
func workEachMinute(t *testing.T, budget throttle.Budget, minutes int) (work []time.Duration) {
	s := newModelServer(budget)
	l := newLimiter(t, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var before time.Duration
		for range minutes {
			time.Sleep(time.Minute)
			s.mu.Lock()
			now := s.account("svc").work
			s.mu.Unlock()
			work, before = append(work, now-before), now
		}
	}()
	demand(t, l, s, "svc", 40, 60*time.Millisecond, 300*time.Millisecond, time.Duration(minutes)*time.Minute)
	<-done
	return work
}
