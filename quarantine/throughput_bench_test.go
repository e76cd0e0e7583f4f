package quarantine_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

var throughputMailboxes = flag.Int("throughput.mailboxes", 300, "mailboxes of BenchmarkThroughput")

// BenchmarkThroughput takes one message out of each of many mailboxes that it has not
// seen before, over a network with latency. bound/min is what the number of concurrent
// calls would allow if each message cost what it costs in a known mailbox, and nothing
// else took time.
func BenchmarkThroughput(b *testing.B) {
	for _, a := range accesses {
		access, way, _ := strings.Cut(a.name, "/")
		for _, latency := range []time.Duration{5 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond} {
			for _, atOnce := range []int{1, 4, 8, 16, 27} {
				if atOnce == 1 && latency > 20*time.Millisecond {
					continue // takes minutes, and shows nothing new
				}
				b.Run(fmt.Sprintf("access=%s/way=%s/latency=%s/concurrency=%d", access, way, latency, atOnce), func(b *testing.B) {
					o := a.worldOptions
					o.server.Latency, o.atOnce, o.gather = latency, atOnce, &gather.Options{}
					throughput(b, o, *throughputMailboxes)
				})
			}
		}
	}
}

func throughput(b *testing.B, o worldOptions, mailboxes int) {
	var took time.Duration
	var taken, requests, each int
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b, o)
		each = w.requestsEach(b)
		router, err := quarantine.NewRouter([]quarantine.Route{{Service: w.service, Domains: []string{w.Domain()}}}, &quarantine.RouterOptions{PerServer: 3 * o.atOnce})
		if err != nil {
			b.Fatal(err)
		}
		var targets []quarantine.Target
		for i := range mailboxes {
			address := fmt.Sprintf("user%d@%s", i, w.Domain())
			w.AddMailbox(address, nil).Deliver(eml(theID, "Invoice"))
			targets = append(targets, quarantine.Target{Mailbox: address, MessageID: theID})
		}
		w.ResetRequests()
		began := time.Now()
		b.StartTimer()
		for r, err := range router.QuarantineAll(b.Context(), slices.Values(targets)) {
			if err != nil || r.Outcome() != quarantine.Quarantined {
				b.Fatal(err, r.Err())
			}
			taken++
		}
		took += time.Since(began)
		requests += len(w.Requests())
	}
	bound := float64(o.atOnce) / o.server.Latency.Minutes() / float64(each)
	rate := float64(taken) / took.Minutes()
	b.ReportMetric(bound, "bound/min")
	b.ReportMetric(rate, "messages/min")
	b.ReportMetric(100*rate/bound, "%-of-bound")
	b.ReportMetric(float64(requests)/float64(taken), "round-trips/message")
}

// requestsEach returns how many requests a message costs in a known mailbox.
func (w *world) requestsEach(b *testing.B) (n int) {
	for i := range 3 {
		target := quarantine.Target{Mailbox: alice, MessageID: fmt.Sprintf("<%d@evil.example>", i)}
		w.Mailbox(alice).Deliver(eml(target.MessageID, "Invoice"))
		w.ResetRequests()
		w.quarantineOnce(b, target)
		n = len(w.Requests())
	}
	return n
}
