package quarantine_test

import (
	"fmt"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// BenchmarkQuarantine takes one message out of a mailbox that is already known,
// and puts it back. round-trips/op is the number of requests to the server.
func BenchmarkQuarantine(b *testing.B) {
	for _, a := range accesses {
		b.Run(a.name+"/quarantine", func(b *testing.B) { benchmarkService(b, a.worldOptions, false) })
		b.Run(a.name+"/restore", func(b *testing.B) { benchmarkService(b, a.worldOptions, true) })
	}
}

func benchmarkService(b *testing.B, o worldOptions, restore bool) {
	b.ReportAllocs()
	w := newWorld(b, o)
	var trips, n int
	for b.Loop() {
		b.StopTimer()
		id := fmt.Sprintf("<%d@evil.example>", n)
		w.Mailbox(alice).Deliver(eml(id, "Invoice"))
		target := quarantine.Target{Mailbox: alice, MessageID: id}
		if n == 0 { // make the mailbox known
			w.quarantineOnce(b, target)
			w.Mailbox(alice).Deliver(eml(id, "Invoice"))
		}
		n++
		w.ResetRequests()
		b.StartTimer()
		r := w.quarantineOnce(b, target)
		if restore {
			w.ResetRequests()
			back, err := w.service.Restore(b.Context(), r)
			if err != nil || back.Outcome() != quarantine.Restored {
				b.Fatal(err, back.Err())
			}
		}
		trips += len(w.Requests())
	}
	b.ReportMetric(float64(trips)/float64(n), "round-trips/op")
}

func (w *world) quarantineOnce(b *testing.B, target quarantine.Target) *quarantine.Receipt {
	r, err := w.service.Quarantine(b.Context(), target)
	if err != nil || r.Outcome() != quarantine.Quarantined {
		b.Fatal(err, r.Err())
	}
	return r
}

// TestRoundTrips compares the requests of one quarantine with what
// BENCHMARKS.md explains: nothing is asked twice.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{server: ewstest.Options{Version: ewstest.Exchange2016}})
	for i := range 3 {
		id := fmt.Sprintf("<%d@evil.example>", i)
		w.Mailbox(alice).Deliver(eml(id, "Invoice"))
		w.ResetRequests()
		r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
		if err != nil || r.Err() != nil {
			t.Fatal(err, r.Err())
		}
		var asked []string
		for _, q := range w.Requests() {
			asked = append(asked, string(q.Operation))
		}
		t.Log(asked)
	}
}
