package graphmail_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Whether Graph allows four requests at a time for each mailbox or for all of them is not
// certain. With a limiter that has one bound for all, many workers neither wait for each
// other nor exceed it.
func TestOneBoundForAllMailboxes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, &graphtest.Options{Latency: 50 * time.Millisecond, Throttling: graphtest.Throttling{PerApplication: true}})
		const mailboxes, bound = 20, 2 // the import of a transfer counts with its export
		limiter, err := throttle.New(&throttle.Options{PerPayer: graphmail.Concurrent, MaxConcurrent: bound})
		require.NoError(t, err)
		s, err := graphmail.New(w.As(w.Direct(), "app"), &graphmail.Options{Root: w.DirectURL(), ImportTransport: w.Direct(), Limiter: limiter, QuarantineMailbox: vault})
		require.NoError(t, err)
		q, err := quarantine.New(s, vault, &quarantine.Options{Journal: new(quarantine.MemoryJournal)})
		require.NoError(t, err)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range mailboxes {
			address := fmt.Sprintf("user%d@example.test", i)
			w.Exchange().AddMailbox(address, &ewstest.MailboxOptions{}).Deliver(eml(theID, "Invoice"))
			wg.Go(func() {
				taken, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: address, MessageID: theID})
				if !assert.NoError(t, err) || !assert.NoError(t, taken.Err()) {
					return
				}
				back, err := q.Restore(t.Context(), taken)
				if assert.NoError(t, err) {
					assert.NoError(t, back.Err())
				}
			})
		}
		wg.Wait()
		for i := range mailboxes {
			assert.Len(t, w.in(fmt.Sprintf("user%d@example.test", i), theID), 1)
		}
		assert.Empty(t, w.in(vault, theID))
		assert.Less(t, time.Since(began), 3*time.Minute)
		for _, r := range w.Requests() {
			assert.NotEqual(t, http.StatusTooManyRequests, r.Status)
		}
	})
}
