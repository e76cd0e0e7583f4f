package quarantine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// campaignTarget returns a target of a campaign with five messages in each mailbox.
func campaignTarget(i int) quarantine.Target {
	return quarantine.Target{Mailbox: fmt.Sprintf("user%05d@a.test", i/5), MessageID: fmt.Sprintf("<20261124.%d@evil.example>", i%5), Reason: "credential phishing"}
}

// finishedReceipt returns a receipt about as large as one from Exchange.
func finishedReceipt(i int) *quarantine.Receipt {
	target, now := campaignTarget(i), time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	id := func(kind string) string { return fmt.Sprintf("AAMkAD%s%0140d=", kind, i) }
	place := func(mailbox, kind string) quarantine.Place {
		return quarantine.Place{Mailbox: mailbox, ItemID: id(kind), Folder: driver.Folder{ID: id("F"), Path: "/Inbox", Base: "inbox"}}
	}
	r := &quarantine.Receipt{
		Action: "quarantine", Server: "A", Target: target, Strategy: "impersonation", IDs: "ews", Started: now, Finished: now,
		Items: []quarantine.ReceiptItem{{
			Operation: driver.NewOperation(), Outcome: quarantine.Quarantined, MessageID: target.MessageID, Received: now, Way: driver.WayTransfer,
			From: place(target.Mailbox, "U"), To: place("vault@a.test", "Q"),
		}},
	}
	for range 12 {
		r.Searched = append(r.Searched, driver.Searched{Folder: driver.Folder{ID: id("S"), Path: "/Inbox/Somewhere", Base: ""}, Pages: 1})
	}
	return r
}

// BenchmarkResume restarts a campaign of 100,000 targets, all of which except the last are
// finished, with the journal of package boltjournal. Open-s is the time until the journal
// is open and has been checked, first-s the time until the last target is searched for,
// while each receipt is written as JSON, and all-s the time until all receipts have come.
func BenchmarkResume(b *testing.B) {
	const marks = 100_000
	path := filepath.Join(b.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(b, err)
	var wg sync.WaitGroup
	for first := range 500 { // those that wait share a sync to disk
		wg.Go(func() {
			for i := first; i < marks-1; i += 500 {
				if err := j.Mark(b.Context(), "c", finishedReceipt(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	require.NoError(b, j.Close())
	text, err := json.Marshal(finishedReceipt(1))
	require.NoError(b, err)
	var opened, begun, all time.Duration
	for b.Loop() {
		start := time.Now()
		j, err := boltjournal.Open(path)
		require.NoError(b, err)
		opened += time.Since(start)
		a := newLedger("A", "vault@a.test", campaignTarget(marks-1).Mailbox)
		a.search = func(context.Context, string) error { begun += time.Since(start); return nil }
		r, err := quarantine.NewRouter([]quarantine.Route{withJournal(b, a, j)}, nil)
		require.NoError(b, err)
		n := 0
		for out, err := range r.QuarantineCampaign(b.Context(), "c", func(yield func(quarantine.Target) bool) {
			for i := range marks {
				if !yield(campaignTarget(i)) {
					return
				}
			}
		}) {
			require.NoError(b, err)
			require.NoError(b, json.NewEncoder(io.Discard).Encode(out))
			n++
		}
		require.Equal(b, marks, n)
		all += time.Since(start)
		require.NoError(b, r.Close())
		require.NoError(b, j.Close())
	}
	b.ReportMetric(opened.Seconds()/float64(b.N), "open-s")
	b.ReportMetric(begun.Seconds()/float64(b.N), "first-s")
	b.ReportMetric(all.Seconds()/float64(b.N), "all-s")
	b.ReportMetric(float64(len(text)), "mark-B")
}

// BenchmarkCampaign runs campaigns over mailboxes with five targets each against a server
// that answers immediately. Live-MB is the peak of the heap in use, less what was in use
// before: it does not grow with the campaign, except for the 40 bytes with which each
// target is remembered.
func BenchmarkCampaign(b *testing.B) {
	for _, targets := range []int{10_000, 50_000, 100_000} {
		b.Run(fmt.Sprint(targets), func(b *testing.B) {
			a := newLedger("A", "vault@a.test")
			a.any = true
			r, err := quarantine.NewRouter([]quarantine.Route{withJournal(b, a, nil)}, nil)
			require.NoError(b, err)
			var most uint64
			before := liveHeap()
			for b.Loop() {
				n := 0
				for out, err := range r.QuarantineAll(b.Context(), func(yield func(quarantine.Target) bool) {
					for i := range targets {
						if !yield(campaignTarget(i)) {
							return
						}
					}
				}) {
					require.NoError(b, err)
					require.NotNil(b, out)
					if n++; n%(targets/10) == 0 {
						most = max(most, liveHeap())
					}
				}
				require.Equal(b, targets, n)
			}
			b.ReportMetric(float64(most)/1e6-float64(before)/1e6, "live-MB")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*targets), "µs/target")
		})
	}
}

// liveHeap returns the heap in use.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
