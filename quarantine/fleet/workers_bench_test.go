package fleet_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

var (
	benchMailboxes = flag.Int("fleet.mailboxes", 200, "mailboxes of BenchmarkWorkers")
	benchLatency   = flag.Duration("fleet.latency", 100*time.Millisecond, "latency of the mail server of BenchmarkWorkers")
)

// BenchmarkWorkers takes one message out of each of many mailboxes that were not seen before.
//
// With a shared budget, 27 calls at a time in total, one, two and three workers are
// compared with a process without a database; it fails if there are ever more calls. With
// separate budgets, 9 calls at a time and an account for each, two and three workers are
// compared with one. All of them are in one process here, and so is the mail server: with
// three separate workers, the processors must not be the limit.
func BenchmarkWorkers(b *testing.B) {
	const shared, own = 27, 9
	var process, one float64
	b.Run("budget=shared/process", func(b *testing.B) { process = measured(b, shared, process, takeAlone) })
	for n := 1; n <= 3; n++ {
		b.Run(fmt.Sprintf("budget=shared/workers=%d", n), func(b *testing.B) {
			measured(b, shared, process, func(b *testing.B, l *campaignLab, owners []string) time.Duration {
				return takeTogether(b, l, owners, slices.Repeat([]string{"svc@example.test"}, n), shared)
			})
		})
	}
	for n := 1; n <= 3; n++ {
		b.Run(fmt.Sprintf("budget=own/workers=%d", n), func(b *testing.B) {
			rate := measured(b, own*n, one, func(b *testing.B, l *campaignLab, owners []string) time.Duration {
				var accounts []string
				for i := range n {
					account := fmt.Sprintf("svc%d@example.test", i)
					l.AddUser(account, "svc-password")
					for _, a := range append(owners, kept) {
						l.GrantFullAccess(account, a)
					}
					accounts = append(accounts, account)
				}
				return takeTogether(b, l, owners, accounts, own)
			})
			if n == 1 {
				one = rate
			}
		})
	}
}

// measured measures how fast messages are taken, and compares that with another rate, if there
// is one. It returns the rate.
func measured(b *testing.B, most int, before float64, take func(b *testing.B, l *campaignLab, owners []string) time.Duration) float64 {
	var owners []string
	for i := range *benchMailboxes {
		owners = append(owners, fmt.Sprintf("user%06d@example.test", i))
	}
	var took time.Duration
	var messages, peak int
	for b.Loop() {
		b.StopTimer()
		l := newCampaignLabWith(b, &ewstest.Options{Latency: *benchLatency})
		calls := &inFlight{RoundTripper: l.Direct()}
		l.transport = calls
		l.deliver(owners...)
		b.StartTimer()
		took += take(b, l, owners)
		b.StopTimer()
		if left := l.copies(owners...); left > 0 || l.copies(kept) != len(owners) {
			b.Fatalf("%d messages are still with their owners, and %d of %d in quarantine", left, l.copies(kept), len(owners))
		}
		messages += len(owners)
		peak = max(peak, int(calls.peak.Load()))
		b.StartTimer()
	}
	if peak > most {
		b.Errorf("%d calls at a time, and %d are allowed", peak, most)
	}
	rate := float64(messages) / took.Minutes()
	b.ReportMetric(rate, "messages/min")
	b.ReportMetric(float64(peak), "calls-at-a-time")
	if before > 0 {
		b.ReportMetric(100*rate/before, "%-of-the-first")
	}
	return rate
}

// takeAlone takes the messages in one process with a journal in memory.
func takeAlone(b *testing.B, l *campaignLab, owners []string) time.Duration {
	text := l.config(b, func(c *exchange.Config) { c.Throttling = exchange.Throttling{Concurrency: 27, Unlimited: true} })
	router, err := exchange.OpenRouter([]exchange.Config{*text}, &exchange.RouterOptions{OptionsFor: func(*exchange.Config) *exchange.Options {
		return &exchange.Options{Transport: l.transport, Journal: new(quarantine.MemoryJournal)}
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer router.Close()
	began := time.Now()
	for r, err := range router.QuarantineAll(b.Context(), slices.Values(targets(owners...))) {
		if err != nil || r.Outcome() != quarantine.Quarantined {
			b.Fatal(err, r.Err())
		}
	}
	return time.Since(began)
}

// takeTogether takes them with a worker for each account, with a number of calls at a time
// per account.
func takeTogether(b *testing.B, l *campaignLab, owners, accounts []string, calls int) time.Duration {
	order := fleet.Order{Campaign: "case-1", Targets: targets(owners...)}
	if _, err := l.campaigns.Enqueue(b.Context(), order); err != nil {
		b.Fatal(err)
	}
	var workers []*fleet.Workers
	for _, account := range accounts {
		config := l.pool.Config()
		config.MaxConns = 24
		p := l.process(b, pgtest.Open(b, config))
		limiter, err := fleet.NewLimiter(p.pool, &fleet.LimiterOptions{Workers: len(accounts)})
		if err != nil {
			b.Fatal(err)
		}
		p.limiter = limiter
		router := p.router(b, func(c *exchange.Config) {
			c.Authentication.Username = account
			c.Throttling = exchange.Throttling{Concurrency: calls, Unlimited: true}
		})
		w, err := fleet.NewWorkers(p.campaigns, router, nil)
		if err != nil {
			b.Fatal(err)
		}
		workers = append(workers, w)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer func() {
		stop()
		for _, w := range workers {
			<-w.Stopped()
		}
	}()
	began := time.Now()
	for _, w := range workers {
		if err := w.Start(ctx); err != nil {
			b.Fatal(err)
		}
	}
	for {
		s, err := l.campaigns.Status(b.Context(), "case-1")
		switch {
		case err != nil:
			b.Fatal(err)
		case s.Done():
			if s.Taken != len(owners) {
				b.Fatalf("%+v", s)
			}
			return time.Since(began)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// inFlight counts the calls in flight: from the request to the end of the answer.
type inFlight struct {
	http.RoundTripper
	now, peak atomic.Int64
}

func (f *inFlight) RoundTrip(r *http.Request) (*http.Response, error) {
	now := f.now.Add(1)
	for peak := f.peak.Load(); now > peak && !f.peak.CompareAndSwap(peak, now); peak = f.peak.Load() {
	}
	resp, err := f.RoundTripper.RoundTrip(r)
	if err != nil {
		f.now.Add(-1)
		return nil, err
	}
	resp.Body = &answer{ReadCloser: resp.Body, calls: f}
	return resp, nil
}

// answer ends its call when all of it has been read, or it is closed.
type answer struct {
	io.ReadCloser
	calls *inFlight
	ended atomic.Bool
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		a.end()
	}
	return n, err
}

func (a *answer) Close() error {
	a.end()
	return a.ReadCloser.Close()
}

func (a *answer) end() {
	if a.ended.CompareAndSwap(false, true) {
		a.calls.now.Add(-1)
	}
}
