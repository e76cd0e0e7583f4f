package throttle_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func TestPresetFor(t *testing.T) {
	t.Parallel()
	for major, want := range map[int]throttle.Preset{
		-1: {Concurrency: 8}, 0: {Concurrency: 8}, 14: {Concurrency: 8},
		15: {Concurrency: 20, Budget: throttle.DefaultBudget()},
		16: {Concurrency: 20, Budget: throttle.DefaultBudget()},
	} {
		assert.Equal(t, want, throttle.PresetFor(major), major)
	}
}

// TestPresetsAreApplied when the version is known, except where something was set.
func TestPresetsAreApplied(t *testing.T) {
	t.Parallel()
	const rate = 0.25
	for name, tc := range map[string]struct {
		opts   throttle.Options
		majors []int
		want   throttle.State
	}{
		"unknown":                 {throttle.Options{}, []int{0}, throttle.State{Limit: 8, Allowed: 8}},
		"2010":                    {throttle.Options{}, []int{14}, throttle.State{Limit: 8, Allowed: 8}},
		"2016":                    {throttle.Options{}, []int{0, 15}, throttle.State{Limit: 20, Allowed: 8, Balance: 5 * time.Minute, Rate: rate}},
		"mixed":                   {throttle.Options{}, []int{15, 14, 15}, throttle.State{Limit: 8, Allowed: 8, Balance: 5 * time.Minute, Rate: rate}},
		"mixed, in another order": {throttle.Options{}, []int{14, 15}, throttle.State{Limit: 8, Allowed: 8, Balance: 5 * time.Minute, Rate: rate}},
		"PerPayer":                {throttle.Options{PerPayer: 3}, []int{15}, throttle.State{Limit: 3, Allowed: 3, Balance: 5 * time.Minute, Rate: rate}},
		"Limits":                  {throttle.Options{Limits: map[string]int{"SVC": 30}}, []int{15}, throttle.State{Limit: 30, Allowed: 30, Balance: 5 * time.Minute, Rate: rate}},
		"Budget":                  {throttle.Options{Budget: throttle.Budget{RechargeRate: time.Hour}}, []int{15}, throttle.State{Limit: 20, Allowed: 8, Balance: 5 * time.Minute, Rate: 1}},
		"Budgets": {throttle.Options{Budget: small(), Budgets: map[string]throttle.Budget{"Svc": {}}}, []int{15},
			throttle.State{Limit: 20, Allowed: 8, Balance: 5 * time.Minute, Rate: rate}},
		"no bucket": {throttle.Options{Budget: throttle.Budget{Unlimited: true}}, []int{15}, throttle.State{Limit: 20, Allowed: 8}},
		"Preset": {throttle.Options{Preset: func(major int) throttle.Preset {
			return throttle.Preset{Concurrency: major - 10, Budget: throttle.Budget{MaxBurst: time.Duration(major) * time.Minute}}
		}}, []int{15, 14}, throttle.State{Limit: 4, Allowed: 4, Balance: 14 * time.Minute, Rate: rate}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &tc.opts)
				hold := acquire(t, l, "svc") // otherwise the payer is forgotten
				for _, major := range tc.majors {
					spend(t, l, throttle.About(t.Context(), throttle.Call{Major: major}), "svc", 0)
				}
				got := l.State("svc")
				got.InFlight--
				assert.Equal(t, tc.want, got)
				hold(false, 0)
				requireNoState(t, l)
			})
		})
	}
}

// TestAPresetOfNothing lets one call through at a time.
func TestAPresetOfNothing(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, &throttle.Options{Preset: func(int) throttle.Preset { return throttle.Preset{} }})
	release, err := l.Acquire(of2013(t, "FindItem", ""), "svc")
	require.NoError(t, err)
	assert.Equal(t, throttle.State{Limit: 1, Allowed: 1, InFlight: 1}, l.State("svc"))
	release(false, 0)
}

// TestConcurrencyGrows from what every version allows to what this one does, and a
// forgotten payer starts again.
func TestConcurrencyGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		ctx := of2013(t, "FindItem", "")
		hold := acquire(t, l, "svc")
		spend(t, l, ctx, "svc", 0)
		assert.Equal(t, 8, l.State("svc").Allowed)
		for range 60 {
			spend(t, l, ctx, "svc", 0)
		}
		assert.Equal(t, 14, l.State("svc").Allowed)
		for range 600 {
			spend(t, l, ctx, "svc", 0)
		}
		assert.Equal(t, 20, l.State("svc").Allowed)
		hold(false, 0)
		requireNoState(t, l)
	})
}

// TestMailboxesTakeTurns: callers of one payer are served by mailbox in turn, and in order
// of arrival within one.
func TestMailboxesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 1})
		hold := acquire(t, l, "svc")
		var order []string
		var wg sync.WaitGroup
		wait := func(mailbox string, n int) {
			wg.Go(func() {
				release, err := l.Acquire(throttle.About(t.Context(), throttle.Call{Mailbox: mailbox}), "svc")
				assert.NoError(t, err)
				order = append(order, fmt.Sprint(mailbox, n))
				release(false, 0)
			})
			synctest.Wait()
		}
		for n := range 1000 {
			wait("a", n)
		}
		wait("b", 0)
		wait("B", 1)
		wait("c", 0)
		hold(false, 0)
		wg.Wait()
		assert.Equal(t, []string{"a0", "b0", "c0", "a1", "B1", "a2", "a3"}, order[:7])
		assert.Len(t, order, 1003)
		assert.Zero(t, l.Payers())
	})
}
