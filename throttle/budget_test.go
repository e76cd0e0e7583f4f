package throttle_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// TestTokenBucket: when demand is five times what a budget allows, half an hour yields
// what it allows, and the server never has to refuse.
func TestTokenBucket(t *testing.T) {
	t.Parallel()
	half := throttle.Budget{MaxBurst: 150 * time.Second, RechargeRate: 450 * time.Second, CutoffBalance: 50 * time.Minute}
	for name, tc := range map[string]struct {
		opts    throttle.Options
		server  throttle.Budget
		latency time.Duration
		connect time.Duration
		least   float64 // percent of what is allowed
		delayed float64 // percent of the calls, at most
		most    float64
	}{
		"preset":                       {server: throttle.DefaultBudget(), least: 95, delayed: 1, most: 101},
		"own policy":                   {opts: throttle.Options{Budget: half}, server: half, least: 95, delayed: 1, most: 101},
		"less than the preset":         {server: half, least: 95, delayed: 100, most: 200},
		"network":                      {server: throttle.DefaultBudget(), latency: 30 * time.Millisecond, least: 70, delayed: 0, most: 100},
		"network, connecting":          {server: throttle.DefaultBudget(), latency: 30 * time.Millisecond, connect: 28 * time.Millisecond, least: 95, delayed: 0, most: 100},
		"network, connecting was slow": {server: throttle.DefaultBudget(), latency: 30 * time.Millisecond, connect: time.Second, least: 95, delayed: 100, most: 150},
		"network, probe":               {opts: throttle.Options{Budget: throttle.Budget{Probe: true}}, server: throttle.DefaultBudget(), latency: 30 * time.Millisecond, least: 95, delayed: 100, most: 200},
		"more than the preset":         {server: throttle.Budget{MaxBurst: 5 * time.Minute, RechargeRate: time.Hour, CutoffBalance: 50 * time.Minute}, least: 0, delayed: 0, most: 60},
		"more, probe":                  {opts: throttle.Options{Budget: throttle.Budget{Probe: true}}, server: throttle.Budget{MaxBurst: 5 * time.Minute, RechargeRate: time.Hour, CutoffBalance: 50 * time.Minute}, least: 90, delayed: 100, most: 200},
		"no model":                     {opts: throttle.Options{Budget: throttle.Budget{Unlimited: true}}, server: throttle.DefaultBudget(), least: 0, delayed: 100, most: 1e9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &tc.opts)
				s := newModelServer(tc.server)
				s.latency, s.connect = tc.latency, tc.connect
				const lasting = 30 * time.Minute
				start := time.Now()
				a := demand(t, l, s, "svc", 40, 60*time.Millisecond, 300*time.Millisecond, lasting)
				got := s.result(a, time.Since(start))
				t.Logf("%.1f %% of the allowed work, %.2f %% of %d calls busy, %.1f %% delayed, balance %v, %d in flight; %+v", got.allowed, got.busy, a.calls, got.delayed, a.balance, a.most, l.State("svc"))
				assert.GreaterOrEqual(t, got.allowed, tc.least)
				assert.LessOrEqual(t, got.allowed, tc.most)
				assert.LessOrEqual(t, got.delayed, tc.delayed)
				if name != "no model" {
					assert.Less(t, got.busy, 1.0)
				}
			})
		})
	}
}
