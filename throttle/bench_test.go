package throttle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// BenchmarkAcquire measures the overhead of the limiter per call.
func BenchmarkAcquire(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		l := newLimiter(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			call(b, l, "svc@example.test", false, 0)
		}
	})
	b.Run("bucket", func(b *testing.B) {
		l := newLimiter(b, &throttle.Options{Budget: throttle.DefaultBudget()})
		ctx := of2013(b, "FindItem", "alice@example.test")
		b.ReportAllocs()
		for b.Loop() {
			release, err := l.Acquire(ctx, "svc@example.test")
			if err != nil {
				b.Fatal(err)
			}
			release(false, 0)
		}
	})
	b.Run("contended", func(b *testing.B) {
		l := newLimiter(b, &throttle.Options{PerPayer: 4})
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				call(b, l, "svc@example.test", false, 0)
			}
		})
	})
	b.Run("100000 mailboxes", func(b *testing.B) {
		names := make([]string, 100_000)
		for i := range names {
			names[i] = fmt.Sprintf("user%d@example.test", i)
		}
		l := newLimiter(b, &throttle.Options{MaxConcurrent: 64})
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			call(b, l, names[i%len(names)], false, 0)
			i++
		}
		b.ReportMetric(float64(l.Payers()), "payers-kept")
	})
}

// BenchmarkTokenBucket measures how much of a budget the limiter lets callers use when they
// demand many times as much, in real time. TestTokenBucket does the same for half an hour of
// virtual time.
func BenchmarkTokenBucket(b *testing.B) {
	budget := throttle.Budget{MaxBurst: time.Second, RechargeRate: time.Hour, CutoffBalance: 10 * time.Second}
	for name, set := range map[string]throttle.Budget{"model": budget, "no model": {Unlimited: true}} {
		b.Run(name, func(b *testing.B) {
			var sum result
			n := 0.0
			for b.Loop() {
				l := newLimiter(b, &throttle.Options{PerPayer: 20, Budget: set})
				s := newModelServer(budget)
				start := time.Now()
				a := demand(b, l, s, "svc", 40, 5*time.Millisecond, 20*time.Millisecond, 3*time.Second)
				got := s.result(a, time.Since(start))
				sum = result{sum.allowed + got.allowed, sum.busy + got.busy, sum.delayed + got.delayed}
				n++
			}
			b.ReportMetric(sum.allowed/n, "%-of-allowed")
			b.ReportMetric(sum.busy/n, "%-busy")
			b.ReportMetric(sum.delayed/n, "%-delayed")
		})
	}
}
