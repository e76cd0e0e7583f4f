package reported_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// narrow is a limiter that lets one call through at a time.
type narrow chan struct{}

func (n narrow) Acquire(ctx context.Context, _ string) (func(bool, time.Duration), error) {
	select {
	case n <- struct{}{}:
		return func(bool, time.Duration) { <-n }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// watchers returns watchers of mailboxes over one strategy, with one call at a time.
func (w *world) watchers(transport http.RoundTripper, opts *reported.Options, addresses ...string) []*reported.Watcher {
	return w.grouped(transport, nil, opts, addresses...)
}

// grouped returns watchers of mailboxes in groups.
func (w *world) grouped(transport http.RoundTripper, group func(string) string, opts *reported.Options, addresses ...string) (all []*reported.Watcher) {
	client, err := ews.NewClient(w.DirectURL(), &ews.Options{Transport: transport, ReadAttempts: 2, Limiter: make(narrow, 1)})
	require.NoError(w.t, err)
	s, err := ewsmail.NewImpersonation(client, &ewsmail.Options{Group: group})
	require.NoError(w.t, err)
	for _, address := range addresses {
		watcher, err := reported.New(s.Mailbox(address), opts)
		require.NoError(w.t, err)
		all = append(all, watcher)
	}
	return all
}

// deliver delivers a report to a mailbox.
func (w *world) deliver(address, subject string) {
	w.Mailbox(address).Deliver([]byte("From: bob@example.test\r\nSubject: " + subject + "\r\n\r\nplease look\r\n"))
}

// streams returns how many subscriptions each request for a connection named.
func (w *world) streams() (sizes []int) {
	for _, r := range w.Requests() {
		if r.Operation == ews.OpGetStreamingEvents {
			sizes = append(sizes, strings.Count(string(r.Body), "<t:SubscriptionId>"))
		}
	}
	return sizes
}

func (w *world) count(op ews.Operation) (n int) {
	for _, r := range w.Requests() {
		if r.Operation == op {
			n++
		}
	}
	return n
}

// TestWatchAll: each connection is shared by 200 mailboxes, wherever these are; all of them
// hear immediately of what comes, even after the server has closed the connections; and
// waiting hinders no other call.
func TestWatchAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		var addresses []string
		for i := range 250 {
			address := fmt.Sprintf("abuse%d@example.test", i)
			w.AddMailbox(address, &ewstest.MailboxOptions{BackEnd: fmt.Sprint("mbx", i%7)})
			addresses = append(addresses, address)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		delivered := make(chan time.Time, 1)
		go func() {
			for i := range 40 {
				time.Sleep(3 * time.Minute)
				delivered <- time.Now()
				w.deliver(addresses[i*37%250], fmt.Sprint("report ", i))
			}
		}()
		all := w.watchers(w.As(w.Direct(), "svc"), &reported.Options{Interval: 4 * time.Hour, MarkOnly: true}, addresses...)
		n := 0
		for report, err := range reported.WatchAll(ctx, all...) {
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprint("report ", n), report.Subject)
			assert.Equal(t, addresses[n*37%250], report.Mailbox)
			assert.Less(t, time.Since(<-delivered), time.Second)
			require.NoError(t, report.Acknowledge(ctx))
			if n++; n == 40 {
				break
			}
		}
		sizes := w.streams()
		t.Log(sizes, "subscriptions in each request for a connection")
		assert.LessOrEqual(t, len(sizes), 24, "2 connections for 2 hours, and those of the start")
		assert.Equal(t, 250, w.count(ews.OpSubscribe))
		assert.Equal(t, 250, w.count(ews.OpUnsubscribe))
		most := 0
		for _, size := range sizes {
			most = max(most, size)
		}
		assert.Equal(t, 200, most)
		anchors := map[string]bool{}
		for _, r := range w.Requests() {
			if r.Operation == ews.OpSubscribe {
				anchors[r.Anchor] = true
				assert.Equal(t, "true", r.Header.Get("X-PreferServerAffinity"))
			}
		}
		assert.Len(t, anchors, 2)
	})
}

// TestGroups: mailboxes of different groups share no connection.
func TestGroups(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		groups := map[string]string{"abuse@example.test": "north", "bob@example.test": "south", "carol@example.test": "south"}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		all := w.grouped(w.As(w.Direct(), "svc"), func(address string) string { return groups[address] }, nil,
			"abuse@example.test", "bob@example.test", "carol@example.test")
		for _, err := range reported.WatchAll(ctx, all...) {
			require.NoError(t, err)
		}
		assert.ElementsMatch(t, []int{1, 2}, w.streams())
		for _, r := range w.Requests() {
			if r.Operation == ews.OpSubscribe {
				assert.Equal(t, groups[r.Impersonated], groups[r.Anchor])
			}
		}
	})
}

// TestOneOfManyFails: a mailbox whose subscription fails again and again gets a connection
// of its own, and the others keep theirs.
func TestOneOfManyFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		addresses := []string{"abuse@example.test", "bob@example.test", "carol@example.test"}
		ctx, cancel := context.WithCancel(t.Context())
		heard := make(chan string, 100)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for report, err := range reported.WatchAll(ctx, w.watchers(w.As(w.Direct(), "svc"), &reported.Options{Interval: 3 * time.Hour, MarkOnly: true}, addresses...)...) {
				if err == nil {
					heard <- report.Mailbox
				} else {
					assert.ErrorContains(t, err, "bob@example.test", "only that one is hindered")
				}
			}
		}()
		for range 2 {
			time.Sleep(3 * time.Minute)
			w.Mailbox("bob@example.test").MoveAway(time.Minute)
		}
		time.Sleep(20 * time.Minute)
		w.ResetRequests()
		time.Sleep(time.Hour)
		sizes := w.streams()
		assert.Subset(t, []int{1, 2, 3}, sizes)
		assert.Contains(t, sizes, 1, "of its own")
		assert.Contains(t, sizes, 2, "of the others")
		assert.LessOrEqual(t, len(sizes), 8)
		for _, address := range addresses {
			w.deliver(address, "x")
			time.Sleep(2 * time.Second)
			require.Len(t, heard, 1, address)
			assert.Equal(t, address, <-heard)
		}
		cancel()
		<-done
	})
}

// holding is a proxy that holds an answer back until it is complete.
type holding struct{ next http.RoundTripper }

func (h holding) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	resp, err := h.next.RoundTrip(r)
	if err != nil || !strings.Contains(string(body), "GetStreamingEvents") {
		return resp, err
	}
	defer resp.Body.Close()
	whole, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(strings.NewReader(string(whole)))
	return resp, nil
}

// TestNothingStaysOpen: behind a proxy that holds answers back, events are polled instead,
// and a connection is tried again after an hour.
func TestNothingStaysOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, ewstest.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		heard := make(chan string, 10)
		var told atomic.Int32
		done := make(chan struct{})
		go func() {
			defer close(done)
			all := w.watchers(holding{w.As(w.Direct(), "svc")}, &reported.Options{Interval: 5 * time.Hour, MarkOnly: true}, "abuse@example.test", "bob@example.test")
			for report, err := range reported.WatchAll(ctx, all...) {
				if err == nil {
					heard <- report.Mailbox
				} else {
					told.Add(1)
				}
			}
		}()
		time.Sleep(10 * time.Minute)
		assert.Len(t, w.streams(), 3)
		assert.Positive(t, told.Load())
		for _, address := range []string{"bob@example.test", "abuse@example.test"} {
			w.deliver(address, "x")
			time.Sleep(21 * time.Second)
			require.Len(t, heard, 1)
			assert.Equal(t, address, <-heard)
		}
		assert.Positive(t, w.count(ews.OpGetEvents))
		time.Sleep(time.Hour)
		assert.Greater(t, len(w.streams()), 3, "it is tried again")
		cancel()
		<-done
		assert.Equal(t, w.count(ews.OpSubscribe), w.count(ews.OpUnsubscribe))
	})
}
