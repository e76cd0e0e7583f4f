package graphmail_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// TestBothDirectionsAtOnce takes and restores at the same time between the same
// mailboxes, each of which allows only one request in flight. No two runs wait for each
// other, whether the quarantine mailbox is known or not.
func TestBothDirectionsAtOnce(t *testing.T) {
	t.Parallel()
	for _, known := range []string{"", vault} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			limiter, err := throttle.New(&throttle.Options{PerPayer: 1})
			require.NoError(t, err)
			const latency = 20 * time.Millisecond
			s, err := graphmail.New(slowly{w.As(w.Direct(), "app"), latency}, &graphmail.Options{
				Root: w.DirectURL(), ImportTransport: slowly{w.Direct(), latency}, Limiter: limiter, QuarantineMailbox: known,
			})
			require.NoError(t, err)
			q, err := quarantine.New(s, vault, &quarantine.Options{Journal: new(quarantine.MemoryJournal)})
			require.NoError(t, err)
			var taken []*quarantine.Receipt
			var left []quarantine.Target
			for i := range 12 {
				address := []string{alice, bob}[i%2]
				target := quarantine.Target{Mailbox: address, MessageID: fmt.Sprintf("<%d@evil.example>", i)}
				w.Mailbox(address).Deliver(eml(target.MessageID, "Invoice"))
				if i >= 6 {
					left = append(left, target)
					continue
				}
				r, err := q.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, r.Err())
				taken = append(taken, r)
			}
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					r, err := q.Restore(t.Context(), taken[i])
					if assert.NoError(t, err) {
						assert.NoError(t, r.Err())
					}
				})
				wg.Go(func() {
					r, err := q.Quarantine(t.Context(), left[i])
					if assert.NoError(t, err) {
						assert.NoError(t, r.Err())
					}
				})
			}
			wg.Wait()
			for i := range 12 {
				id := fmt.Sprintf("<%d@evil.example>", i)
				assert.Len(t, w.in([]string{alice, bob}[i%2], id), map[bool]int{true: 1}[i < 6])
				assert.Len(t, w.in(vault, id), map[bool]int{true: 1}[i >= 6])
			}
		})
	}
}
