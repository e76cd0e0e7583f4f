package exchange_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// TestThrottling: the policy applies to whoever is charged, and to nobody else.
func TestThrottling(t *testing.T) {
	t.Parallel()
	policy := exchange.Throttling{Concurrency: 40, EwsMaxBurst: 600_000, EwsRechargeRate: 1_800_000, EwsCutoffBalance: 6_000_000}
	for name, tc := range map[string]struct {
		good, payer string
		policy      exchange.Throttling
		want        throttle.State
	}{
		"FullAccess":    {goodNTLM, `EXAMPLE\svc`, policy, throttle.State{Limit: 40, Allowed: 40, Balance: 10 * time.Minute, Rate: 0.5}},
		"impersonation": {goodImpersonation, "quarantine@example.test", policy, throttle.State{Limit: 40, Allowed: 40, Balance: 10 * time.Minute, Rate: 0.5}},
		"in part":       {goodNTLM, `EXAMPLE\svc`, exchange.Throttling{EwsRechargeRate: 3_600_000}, throttle.State{Limit: 8, Allowed: 8, Balance: 5 * time.Minute, Rate: 1}},
		"probe":         {goodNTLM, `EXAMPLE\svc`, exchange.Throttling{Probe: true}, throttle.State{Limit: 8, Allowed: 8, Balance: 5 * time.Minute, Rate: 0.25}},
		"unlimited":     {goodNTLM, `EXAMPLE\svc`, exchange.Throttling{Unlimited: true}, throttle.State{Limit: 8, Allowed: 8}},
		"none":          {goodNTLM, `EXAMPLE\svc`, exchange.Throttling{}, throttle.State{Limit: 8, Allowed: 8}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := throttle.New(nil)
			require.NoError(t, err)
			_, err = openThrottled(t, tc.good, tc.policy, l)
			require.NoError(t, err)
			assert.Equal(t, tc.want, l.State(tc.payer))
			assert.Equal(t, throttle.State{Limit: 8, Allowed: 8}, l.State("alice@example.test"))
		})
	}
	_, err := openThrottled(t, goodNTLM, policy, nil)
	require.NoError(t, err, "the limiter of the service itself")
	_, err = openThrottled(t, goodNTLM, exchange.Throttling{}, ownLimiter{})
	require.NoError(t, err)
	_, err = openThrottled(t, goodNTLM, policy, ownLimiter{})
	require.ErrorIs(t, err, quarantine.ErrInvalid, "a limiter that cannot be told")
	require.ErrorContains(t, err, "throttling is set, but Limiter")
}

func openThrottled(t *testing.T, good string, policy exchange.Throttling, limiter ews.Limiter) (*quarantine.Service, error) {
	t.Helper()
	c, err := exchange.ParseConfig(strings.NewReader(good))
	require.NoError(t, err)
	c.Throttling = policy
	s, err := exchange.Open(c, &exchange.Options{Limiter: limiter})
	if err == nil {
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
	}
	return s, err
}

// ownLimiter is a program's own limiter.
type ownLimiter struct{}

func (ownLimiter) Acquire(context.Context, string) (func(bool, time.Duration), error) {
	return func(bool, time.Duration) {}, nil
}
