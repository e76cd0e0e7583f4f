package throttle_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

func TestHintParksOnePayerOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		call(t, l, "alice", true, 5*time.Minute)
		start := time.Now()
		call(t, l, "bob", false, 0)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, start.Add(5*time.Minute), l.State("ALICE").ParkedUntil)
		call(t, l, "alice", false, 0)
		assert.Equal(t, 5*time.Minute, time.Since(start))
		assert.Zero(t, l.State("alice").ParkedUntil)
	})
}

func TestNoSlotIsHandedOutBeforeTheParkEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		a, b := acquire(t, l, "svc"), acquire(t, l, "svc")
		start := time.Now()
		var wg sync.WaitGroup
		a(true, 5*time.Minute)
		for range 10 {
			wg.Go(func() {
				release := acquire(t, l, "svc")
				assert.GreaterOrEqual(t, time.Since(start), 8*time.Minute)
				release(false, 0)
			})
		}
		time.Sleep(3 * time.Minute)
		b(true, 5*time.Minute) // a late refusal extends the park
		wg.Wait()
		assert.Equal(t, 8*time.Minute, time.Since(start))
	})
}

func TestAShorterHintDoesNotShortenThePark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		a, b, c := acquire(t, l, "svc"), acquire(t, l, "svc"), acquire(t, l, "svc")
		start := time.Now()
		a(true, 5*time.Minute)
		b(true, time.Second)
		c(false, 0) // a call started before the refusal proves nothing
		call(t, l, "svc", false, 0)
		assert.Equal(t, 5*time.Minute, time.Since(start))
	})
}

func TestAbsurdHintsAreCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := newLimiter(t, nil)
		call(t, l, "a", true, 1<<62)
		call(t, l, "a", false, 0)
		assert.Equal(t, 30*time.Minute, time.Since(start))

		l = newLimiter(t, &throttle.Options{MaxPark: time.Minute})
		call(t, l, "a", true, time.Hour)
		start = time.Now()
		call(t, l, "a", false, 0)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAHintCountsAsThrottling(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, nil)
	call(t, l, "a", false, time.Minute)
	assert.Equal(t, 4, l.State("a").Allowed)
	call(t, l, "b", false, -time.Minute)
	assert.Equal(t, 8, l.State("b").Allowed)
}

func TestBackOffWithoutHint(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		opts throttle.Options
		want []time.Duration
	}{
		"least":  {throttle.Options{Jitter: func() float64 { return 0 }}, []time.Duration{10e9, 20e9, 30e9, 30e9}},
		"middle": {throttle.Options{Jitter: func() float64 { return 0.5 }}, []time.Duration{15e9, 30e9, 45e9, 45e9}},
		"own": {throttle.Options{BackOffMin: time.Second, BackOffMax: time.Second, Jitter: func() float64 { return 0 }},
			[]time.Duration{1e9, 1e9}},
		"wide": {throttle.Options{BackOffMin: 1, BackOffMax: 1<<63 - 1, Jitter: func() float64 { return 0 }},
			[]time.Duration{1, 2, 4, 8}},
		"min above the default max": {throttle.Options{BackOffMin: 2 * time.Minute, Jitter: func() float64 { return 0.9 }},
			[]time.Duration{2 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tc.opts.MaxPark = time.Second // does not bound delays without a hint
				l := newLimiter(t, &tc.opts)
				for i, want := range tc.want {
					call(t, l, "a", true, 0)
					assert.Equal(t, i+1, l.State("a").Refusals)
					assert.Equal(t, want, time.Until(l.State("a").ParkedUntil))
					time.Sleep(want)
				}
				call(t, l, "a", false, 0)
				call(t, l, "a", true, 0)
				assert.Equal(t, tc.want[0], time.Until(l.State("a").ParkedUntil), "a successful call ends the series")
			})
		})
	}
}

func TestDelaysStayWithinTheirBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		for range 100 {
			call(t, l, "a", true, 0)
			d := time.Until(l.State("a").ParkedUntil)
			assert.GreaterOrEqual(t, d, 10*time.Second)
			assert.LessOrEqual(t, d, time.Minute)
			time.Sleep(d)
		}
	})
}

func TestOneEventLowersTheBoundOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{Jitter: func() float64 { return 0 }})
		var releases []func(bool, time.Duration)
		for range 8 {
			releases = append(releases, acquire(t, l, "a"))
		}
		for _, release := range releases {
			release(true, 0)
		}
		s := l.State("a")
		assert.Equal(t, 4, s.Allowed)
		assert.Equal(t, 1, s.Refusals)
		assert.Equal(t, 10*time.Second, time.Until(s.ParkedUntil))
	})
}

func TestBoundFallsByHalfAndRecoversSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, nil)
		for _, want := range []int{4, 2, 1, 1} {
			call(t, l, "a", true, time.Second)
			assert.Equal(t, want, l.State("a").Allowed)
		}
		for n := range 7 {
			for range 10 {
				assert.Equal(t, 1+n, l.State("a").Allowed)
				call(t, l, "a", false, 0)
			}
		}
		assert.Equal(t, throttle.State{Limit: 8, Allowed: 8}, l.State("a"))
		assert.Zero(t, l.Payers())
	})
}

func TestALoweredBoundHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(t, &throttle.Options{PerPayer: 4})
		calls := []func(bool, time.Duration){acquire(t, l, "a"), acquire(t, l, "a"), acquire(t, l, "a"), acquire(t, l, "a")}
		calls[0](true, time.Second)
		time.Sleep(2 * time.Second)
		granted := make(chan func(bool, time.Duration), 1)
		go func() { granted <- acquire(t, l, "a") }()
		for _, release := range calls[1:3] {
			synctest.Wait()
			require.Empty(t, granted, "three, then two are in flight; two are allowed")
			release(false, 0)
		}
		(<-granted)(false, 0)
		calls[3](false, 0)
	})
}

func TestOnPark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l *throttle.Limiter
		var parks []throttle.ParkEvent
		l = newLimiter(t, &throttle.Options{
			Jitter: func() float64 { return 0 },
			OnPark: func(p throttle.ParkEvent) {
				parks = append(parks, p)
				l.State(p.Payer) // no lock is held
			},
		})
		start := time.Now()
		a, b := acquire(t, l, "Alice"), acquire(t, l, "Alice")
		a(true, time.Minute)
		b(true, time.Second) // changes nothing
		time.Sleep(time.Minute)
		call(t, l, "alice", true, 0)
		assert.Equal(t, []throttle.ParkEvent{
			{Payer: "alice", Until: start.Add(time.Minute), For: time.Minute, Hinted: true, Allowed: 4},
			{Payer: "alice", Until: start.Add(70 * time.Second), For: 10 * time.Second, Allowed: 2},
		}, parks)
	})
}
