package graphmail_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// slowly answers each request after a delay, so that requests stay in flight.
type slowly struct {
	next http.RoundTripper
	by   time.Duration
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.by)
	return s.next.RoundTrip(r)
}

// counting counts the requests that are charged to the quarantine mailbox.
type counting struct {
	*throttle.Limiter
	vault atomic.Int64
}

func (c *counting) Acquire(ctx context.Context, payer string) (func(bool, time.Duration), error) {
	if payer == vault {
		c.vault.Add(1)
	}
	return c.Limiter.Acquire(ctx, payer)
}

// TestScale takes a message out of many mailboxes at the same time. Everything waits for
// the quarantine mailbox, which allows three requests in flight.
func TestScale(t *testing.T) {
	t.Parallel()
	mailboxes := 30
	if *whole {
		mailboxes = 1000
	}
	synctest.Test(t, func(t *testing.T) {
		const latency = 50 * time.Millisecond
		w := newWorld(t, nil)
		for i := range mailboxes {
			w.Exchange().AddMailbox(fmt.Sprintf("user%d@example.test", i), &ewstest.MailboxOptions{}).Deliver(eml(theID, "Invoice"))
		}
		limiter, err := throttle.New(&throttle.Options{PerPayer: graphmail.Concurrent, Limits: map[string]int{graphmail.DirectoryPayer: throttle.DefaultPerPayer}})
		require.NoError(t, err)
		counted := &counting{Limiter: limiter}
		s, err := graphmail.New(slowly{w.As(w.Direct(), "app"), latency}, &graphmail.Options{Root: w.DirectURL(), ImportTransport: slowly{w.Direct(), latency}, Limiter: counted, QuarantineMailbox: vault})
		require.NoError(t, err)
		q, err := quarantine.New(s, vault, &quarantine.Options{Journal: new(quarantine.MemoryJournal)})
		require.NoError(t, err)

		began := time.Now()
		var wg sync.WaitGroup
		var next, done atomic.Int64
		for range 64 {
			wg.Go(func() {
				for {
					i := int(next.Add(1)) - 1
					if i >= mailboxes {
						return
					}
					r, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: fmt.Sprintf("user%d@example.test", i), MessageID: theID})
					if err == nil && r.Outcome() == quarantine.Quarantined {
						done.Add(1)
					}
				}
			})
		}
		wg.Wait()
		took := time.Since(began)
		assert.EqualValues(t, mailboxes, done.Load())
		assert.Len(t, w.in(vault, theID), mailboxes)
		trips, refused := counted.vault.Load(), 0
		for _, r := range w.Requests() {
			if r.Status == http.StatusTooManyRequests {
				refused++
			}
		}
		allowed := time.Duration(trips) * latency / graphmail.Concurrent
		t.Logf("%d mailboxes in %v; %d requests to the quarantine mailbox, three at a time, take %v: %.0f %%; %d times 429",
			mailboxes, took.Round(time.Millisecond), trips, allowed.Round(time.Millisecond), 100*allowed.Seconds()/took.Seconds(), refused)
		assert.Zero(t, refused)
		if *whole {
			assert.Greater(t, allowed.Seconds()/took.Seconds(), 0.9)
		}
	})
}
