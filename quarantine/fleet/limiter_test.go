package fleet_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// unlimited returns a budget without a bucket, for a number of calls in flight.
func unlimited(calls int) map[string]fleet.Share {
	return map[string]fleet.Share{"svc": {Concurrency: calls, Budget: throttle.Budget{Unlimited: true}}}
}

// newLimiter returns the limiter of one of three workers.
func newLimiter(t testing.TB, config *pgxpool.Config, payers map[string]fleet.Share) *fleet.Limiter {
	t.Helper()
	l, err := fleet.NewLimiter(pgtest.Open(t, config), &fleet.LimiterOptions{
		Payers: payers, Workers: 3, Refresh: 50 * time.Millisecond, Lease: time.Second, Timeout: 500 * time.Millisecond,
	})
	require.NoError(t, err)
	return l
}

// meter counts the calls of all workers.
type meter struct {
	now, most, all atomic.Int64
}

func (m *meter) begin() {
	now := m.now.Add(1)
	m.all.Add(1)
	for most := m.most.Load(); now > most && !m.most.CompareAndSwap(most, now); most = m.most.Load() {
	}
}

// work makes calls in a number of goroutines until the context ends, and returns how many
// were made.
func (m *meter) work(ctx context.Context, l *fleet.Limiter, payer string, goroutines int, takes time.Duration) int64 {
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for {
				release, err := l.Acquire(ctx, payer)
				if err != nil {
					return
				}
				m.begin()
				calls.Add(1)
				time.Sleep(takes)
				m.now.Add(-1)
				release(false, 0)
			}
		})
	}
	wg.Wait()
	return calls.Load()
}

// Three workers together never have more calls in flight than the payer may have; each gets
// about the same; and the database is asked regularly, not for each call.
func TestSharedConcurrency(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var m meter
	var wg sync.WaitGroup
	var calls, asked [3]int64
	for i := range calls {
		l := newLimiter(t, config, unlimited(9))
		wg.Go(func() {
			calls[i] = m.work(ctx, l, "SVC", 12, 2*time.Millisecond)
			asked[i] = l.Asked()
		})
	}
	wg.Wait()
	t.Logf("%v calls, at most %d at once, %v statements", calls, m.most.Load(), asked)
	assert.EqualValues(t, 9, m.most.Load(), "as many as there may be, and no more")
	for i := range calls {
		assert.Greater(t, calls[i], m.all.Load()/6, "a third each, about")
		assert.Less(t, asked[i], int64(100), "once each 50 ms, and when more is wanted")
		assert.Greater(t, calls[i], 2*asked[i])
	}
}

// A worker that is alone has everything; others get what it no longer uses.
func TestLentAndGivenBack(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	var m meter
	first, second := newLimiter(t, config, unlimited(9)), newLimiter(t, config, unlimited(9))
	for _, l := range []*fleet.Limiter{first, second, first} {
		m.most.Store(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		m.work(ctx, l, "svc", 12, 2*time.Millisecond)
		cancel()
		assert.EqualValues(t, 9, m.most.Load())
	}
	pool := pgtest.Open(t, config)
	require.EventuallyWithT(t, func(t *assert.CollectT) { // and the goroutines have ended
		var rows int
		assert.NoError(t, pool.QueryRow(context.Background(), `SELECT count(*) FROM fleet_shares`).Scan(&rows))
		assert.Zero(t, rows)
	}, 10*time.Second, 20*time.Millisecond)
}

// Others get what a dead worker had when its lease has ended.
func TestDeadWorker(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	faults := new(pgtest.Faults)
	dead := newLimiter(t, faults.Install(config), unlimited(4))
	for range 4 {
		_, err := dead.Acquire(t.Context(), "svc") // never released
		require.NoError(t, err)
	}
	faults.SetDown(true)
	l := newLimiter(t, config, unlimited(4))
	begun := time.Now()
	for range 4 {
		_, err := l.Acquire(t.Context(), "svc")
		require.NoError(t, err)
	}
	assert.Less(t, time.Since(begun), 10*time.Second)
	assert.Greater(t, time.Since(begun), 500*time.Millisecond, "not before its lease has ended")
}

// There are no more calls in total than the rate allows, whoever makes them.
func TestSharedRate(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	const calls, per = 40, 2 * time.Second
	payers := map[string]fleet.Share{"svc": {Concurrency: 30, Rate: fleet.Rate{Calls: calls, Per: per}}}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var m meter
	var wg sync.WaitGroup
	begun := time.Now()
	for range 3 {
		l := newLimiter(t, config, payers)
		wg.Go(func() { m.work(ctx, l, "svc", 6, time.Millisecond) })
	}
	wg.Wait()
	took := time.Since(begun)
	most := calls + calls*took.Seconds()/per.Seconds()
	t.Logf("%d calls in %v, %v allowed", m.all.Load(), took, most)
	assert.LessOrEqual(t, float64(m.all.Load()), most)
	assert.Greater(t, float64(m.all.Load()), most*0.6)
}

// The server's time that all workers use together stays within the bucket, except for at
// most what was in flight.
func TestSharedBudget(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	budget := throttle.Budget{MaxBurst: time.Second, RechargeRate: 900 * time.Second} // a quarter of a second per second
	payers := map[string]fleet.Share{"svc": {Concurrency: 9, Budget: budget}}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	var m meter
	var wg sync.WaitGroup
	var took atomic.Int64
	begun := time.Now()
	for range 3 {
		l := newLimiter(t, config, payers)
		for range 4 {
			wg.Go(func() {
				for {
					release, err := l.Acquire(ctx, "svc")
					if err != nil {
						return
					}
					m.begin()
					start := time.Now()
					time.Sleep(40 * time.Millisecond)
					took.Add(int64(time.Since(start)))
					m.now.Add(-1)
					release(false, 0)
				}
			})
		}
	}
	wg.Wait()
	allowed := time.Second + time.Since(begun)/4
	t.Logf("%v of the server's time, %v allowed", time.Duration(took.Load()), allowed)
	assert.Less(t, time.Duration(took.Load()), allowed+9*40*time.Millisecond)
	assert.Greater(t, time.Duration(took.Load()), allowed/2)
}

// When the server asks a payer to slow down, all workers leave it alone, shared or not.
func TestFence(t *testing.T) {
	t.Parallel()
	for _, payer := range []string{"svc", "alice@example.test"} {
		t.Run(payer, func(t *testing.T) {
			t.Parallel()
			config := migrated(t)
			first, second := newLimiter(t, config, unlimited(9)), newLimiter(t, config, unlimited(9))
			other, err := second.Acquire(t.Context(), "bob@example.test") // it has work
			require.NoError(t, err)
			release, err := first.Acquire(t.Context(), payer)
			require.NoError(t, err)
			told := time.Now()
			release(true, 2*time.Second)
			require.Eventually(t, func() bool { return !second.State(payer).ParkedUntil.IsZero() }, time.Second, 5*time.Millisecond)
			assert.WithinDuration(t, told.Add(2*time.Second), second.State(payer).ParkedUntil, 500*time.Millisecond)
			other(false, 0)
			for _, l := range []*fleet.Limiter{first, second} {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				_, err = l.Acquire(ctx, payer)
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			release, err = second.Acquire(t.Context(), payer)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(told), 1900*time.Millisecond)
			release(false, 0)
		})
	}
}

// While the database does not answer, each worker has its part, and all of them together no
// more than the payer may have; when it answers again, a worker that is alone has
// everything.
func TestSilentDatabase(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	var faults [3]pgtest.Faults
	var limiters [3]*fleet.Limiter
	for i := range limiters {
		limiters[i] = newLimiter(t, faults[i].Install(config), unlimited(9))
		release, err := limiters[i].Acquire(t.Context(), "svc")
		require.NoError(t, err)
		release(false, 0)
	}
	for i := range faults {
		faults[i].SetDown(true)
	}
	time.Sleep(1200 * time.Millisecond) // until the leases have ended
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var m meter
	var wg sync.WaitGroup
	for _, l := range limiters {
		wg.Go(func() { assert.NotZero(t, m.work(ctx, l, "svc", 6, 5*time.Millisecond)) })
	}
	wg.Wait()
	assert.EqualValues(t, 9, m.most.Load())
	assert.True(t, limiters[0].State("svc").Silent)
	faults[0].SetDown(false)
	m.most.Store(0)
	again, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	m.work(again, limiters[0], "svc", 12, 5*time.Millisecond)
	assert.EqualValues(t, 9, m.most.Load())
	assert.False(t, limiters[0].State("svc").Silent)
}

// Workers that each need two calls at the same time make progress, even if there is hardly
// room, and alongside others.
func TestSharedReserve(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	payers := unlimited(3)
	payers["vault"] = fleet.Share{Concurrency: 2, Budget: throttle.Budget{Unlimited: true}}
	var m meter
	var wg sync.WaitGroup
	for range 3 {
		l := newLimiter(t, config, payers)
		for range 3 {
			wg.Go(func() {
				for range 2 {
					ctx, done, err := l.Reserve(t.Context(), "svc", "SVC", "vault")
					if !assert.NoError(t, err) {
						return
					}
					m.begin()
					var releases []func(bool, time.Duration)
					for _, payer := range []string{"svc", "vault", "svc"} {
						release, err := l.Acquire(ctx, payer)
						if assert.NoError(t, err) {
							releases = append(releases, release)
						}
					}
					m.now.Add(-1)
					for _, release := range releases {
						release(false, 0)
					}
					done()
					done()
				}
			})
		}
	}
	wg.Wait()
	assert.EqualValues(t, 18, m.all.Load())
	assert.EqualValues(t, 1, m.most.Load(), "two need four")
}

// A pair goes through even if there can never be two.
func TestReserveMoreThanThereIs(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, migrated(t), unlimited(1))
	ctx, done, err := l.Reserve(t.Context(), "svc", "svc")
	require.NoError(t, err)
	for range 2 {
		release, err := l.Acquire(ctx, "svc")
		require.NoError(t, err)
		defer release(false, 0)
	}
	_, _, err = l.Reserve(ctx, "svc")
	require.ErrorIs(t, err, throttle.ErrNested)
	done()
}

// The settings of package exchange make a payer a shared one.
func TestLimiterIsTold(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, migrated(t), nil)
	assert.False(t, l.State("svc").Shared)
	require.NoError(t, l.SetBudget("svc", throttle.Budget{Unlimited: true}))
	l.SetLimit("SVC", 5)
	var m meter
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	m.work(ctx, l, "svc", 9, 5*time.Millisecond)
	assert.EqualValues(t, 5, m.most.Load())
	require.Error(t, l.SetBudget("svc", throttle.Budget{MaxBurst: -1}))
}

func TestLimiterRefuses(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	for want, o := range map[string]fleet.LimiterOptions{
		"Workers":     {Workers: -1},
		"Refresh":     {Refresh: -1},
		"Lease":       {Lease: time.Second, Refresh: time.Second},
		"Timeout":     {Timeout: -1},
		"Concurrency": {Payers: map[string]fleet.Share{"a": {Concurrency: -1}}},
		"Rate":        {Payers: map[string]fleet.Share{"a": {Rate: fleet.Rate{Calls: 1}}}},
		"payer":       {Payers: map[string]fleet.Share{"a\x00": {}}},
	} {
		_, err := fleet.NewLimiter(pool, &o)
		require.ErrorIs(t, err, quarantine.ErrInvalid, want)
		require.ErrorContains(t, err, want)
	}
	_, err := fleet.NewLimiter(nil, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = fleet.NewJournal(nil, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = fleet.NewJournal(pool, &fleet.JournalOptions{Timeout: -1})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
}
