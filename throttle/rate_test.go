package throttle_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// small is a bucket that is easy to use up: 10 seconds, and half a second per second.
func small() throttle.Budget {
	return throttle.Budget{MaxBurst: 10 * time.Second, RechargeRate: 30 * time.Minute}
}

// spend makes one call that takes a time.
func spend(t testing.TB, l *throttle.Limiter, ctx context.Context, payer string, took time.Duration) {
	t.Helper()
	release, err := l.Acquire(ctx, payer)
	require.NoError(t, err)
	time.Sleep(took)
	release(false, 0)
}

func TestBalance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: small()})
		assert.Equal(t, throttle.State{Limit: 8, Allowed: 8, Balance: 10 * time.Second, Rate: 0.5}, l.State("svc"))
		ctx := throttle.About(t.Context(), throttle.Call{Operation: "MoveItem"})
		spend(t, l, ctx, "SVC", 4*time.Second)
		assert.Equal(t, 6*time.Second, l.State("svc").Balance, "it was full, so it did not recharge meanwhile")
		time.Sleep(2 * time.Second)
		assert.Equal(t, 7*time.Second, l.State("svc").Balance)

		release, err := l.Acquire(ctx, "svc")
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, l.State("svc").Balance, "what the call is expected to take")
		start := time.Now()
		spend(t, l, ctx, "svc", 0)
		assert.Equal(t, 2*time.Second, time.Since(start), "one second is lacking for the next, at half a second a second")
		release(false, 0)

		assert.NotZero(t, l.Payers())
		requireNoState(t, l)
	})
}

// TestALongCallIsChargedAMinute: the server does not work on a call for longer, but a reader
// can hold its stream open.
func TestALongCallIsChargedAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: throttle.DefaultBudget()})
		spend(t, l, t.Context(), "svc", time.Hour)
		assert.Equal(t, 4*time.Minute, l.State("svc").Balance)
	})
}

// TestRefusalsHalveTheBalance: a refusal has more causes than this budget.
func TestRefusalsHalveTheBalance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: throttle.DefaultBudget()})
		a, b := acquire(t, l, "svc"), acquire(t, l, "svc")
		a(true, time.Second)
		b(true, time.Second) // part of the same event
		assert.Equal(t, 150*time.Second, l.State("svc").Balance)
	})
}

func TestWaitsForTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budget: small(), MaxConcurrent: 2})
		ctx := throttle.About(t.Context(), throttle.Call{Operation: "FindItem"})
		spend(t, l, ctx, "svc", 11*time.Second)
		assert.Equal(t, -time.Second, l.State("svc").Balance)
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { spend(t, l, ctx, "svc", 0) })
		}
		synctest.Wait()
		// Half of the bucket suffices for a call that is expected to take more.
		assert.Equal(t, []throttle.Wait{{Payer: "svc", Callers: 3, Since: start, For: throttle.WaitRate, Until: start.Add(12 * time.Second)}}, l.Waits())
		call(t, l, "other", false, 0)
		assert.Equal(t, start, time.Now(), "others do not wait, and have the room")
		wg.Wait()
		assert.GreaterOrEqual(t, time.Since(start), 12*time.Second)

		spend(t, l, ctx, "svc", 20*time.Second)
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := l.Acquire(short, "svc")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireNoState(t, l)
	})
}

// TestSetBudgetWhileCallersWait: a budget that is set later takes effect immediately.
func TestSetBudgetWhileCallersWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Budgets: map[string]throttle.Budget{"SVC": small()}})
		assert.Zero(t, l.State("other").Rate)
		hold := acquire(t, l, "svc")
		spend(t, l, t.Context(), "svc", 30*time.Second)
		start := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { spend(t, l, t.Context(), "svc", 0) })
		synctest.Wait()
		require.NoError(t, l.SetBudget("Svc", throttle.Budget{Unlimited: true}))
		wg.Wait()
		assert.Equal(t, start, time.Now())
		require.NoError(t, l.SetBudget("svc", throttle.Budget{}))
		assert.Equal(t, 5*time.Minute, l.State("svc").Balance)
		hold(false, 0)
		assert.Equal(t, 5*time.Minute, l.State("svc").Balance, "the call began under another budget")
		require.ErrorContains(t, l.SetBudget("svc", throttle.Budget{MaxBurst: -1}), "Budget.MaxBurst is negative")
		assert.Zero(t, l.Payers())
	})
}

// TestPairsDoNotDeadlockOverTheBucket: an export that waits for its upload is in flight
// while the upload waits for the balance.
func TestPairsDoNotDeadlockOverTheBucket(t *testing.T) {
	t.Parallel()
	for _, reserved := range []bool{true, false} {
		t.Run(fmt.Sprint("reserved: ", reserved), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(t, &throttle.Options{Budget: throttle.Budget{MaxBurst: time.Second, RechargeRate: time.Minute}, MaxConcurrent: 6})
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						for range 5 {
							ctx, done := throttle.About(t.Context(), throttle.Call{Operation: "ExportItems"}), func() {}
							if reserved {
								var err error
								ctx, done, err = l.Reserve(ctx, "svc", "svc")
								assert.NoError(t, err)
							}
							export, err := l.Acquire(ctx, "svc")
							assert.NoError(t, err)
							spend(t, l, ctx, "svc", 10*time.Second)
							export(false, 0)
							done()
						}
					})
				}
				wg.Wait()
				requireNoState(t, l)
			})
		})
	}
}

func TestNewRefusesBadBudgets(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts throttle.Options
		want string
	}{
		"burst":     {throttle.Options{Budget: throttle.Budget{MaxBurst: time.Millisecond}}, "Budget.MaxBurst is shorter than a second"},
		"recharge":  {throttle.Options{Budget: throttle.Budget{RechargeRate: -1}}, "Budget.RechargeRate is negative"},
		"cutoff":    {throttle.Options{Budget: throttle.Budget{CutoffBalance: 1 << 62}}, "Budget.CutoffBalance is longer than 1000h"},
		"unlimited": {throttle.Options{Budget: throttle.Budget{Unlimited: true, Probe: true}}, "Budget is Unlimited"},
		"one":       {throttle.Options{Budgets: map[string]throttle.Budget{"q": {MaxBurst: -1}}}, `Budgets["q"].MaxBurst`},
		"twice":     {throttle.Options{Budgets: map[string]throttle.Budget{"q": {}, "Q": {}}}, `"q" twice`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := throttle.New(&tc.opts)
			require.ErrorContains(t, err, tc.want)
		})
	}
}
