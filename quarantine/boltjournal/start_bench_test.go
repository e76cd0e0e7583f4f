package boltjournal_test

import (
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// BenchmarkStart opens a journal of 200,000 open intents and yields them, as a recovery
// does. The metric open-s is for Open alone, and live-MB is the largest heap in use
// beyond what was in use before.
func BenchmarkStart(b *testing.B) {
	const open = 200_000
	path := filepath.Join(b.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(b, err)
	var wg sync.WaitGroup
	for first := range 500 { // those that wait share a sync
		wg.Go(func() {
			for n := first; n < open; n += 500 {
				in := intent(n)
				in.Operation += in.From.ItemID[len(in.From.ItemID)-8:]
				if err := begin(j, in); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	require.NoError(b, j.Close())
	before := live()
	most := uint64(0)
	var opening time.Duration
	for b.Loop() {
		begin := time.Now()
		j, err := boltjournal.Open(path)
		opening += time.Since(begin)
		require.NoError(b, err)
		n := 0
		for _, err := range j.Pending(b.Context()) {
			require.NoError(b, err)
			if n++; n%50_000 == 1 {
				most = max(most, live()-before)
			}
		}
		require.Equal(b, open, n)
		require.NoError(b, j.Close())
	}
	b.ReportMetric(float64(most)/1e6, "live-MB")
	b.ReportMetric(opening.Seconds()/float64(b.N), "open-s/op")
}

// live returns the heap in use.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
