package throttle_test

import (
	"fmt"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// BenchmarkAcquire measures what limiting costs a call.
func BenchmarkAcquire(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		l := newLimiter(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			call(b, l, "svc@example.test", false, 0)
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
