package quarantine_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// Large messages of one mailbox do not wait for each other's content: five take at most half
// as long again as one.
func TestLargeTogether(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("This line makes the message larger.\r\n"), 9<<19/37) // two are more than one request carries
	for _, a := range accesses {
		if !*whole && (!a.impersonation || wayOf(a.worldOptions) != quarantine.WayTransfer) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			took := make(map[int]time.Duration)
			for _, n := range []int{1, 5} {
				synctest.Test(t, func(t *testing.T) {
					o := a.worldOptions
					o.gather, o.atOnce = &gather.Options{}, 27
					o.server.Latency = 20 * time.Millisecond
					o.server.Latencies = map[ews.Operation]time.Duration{ews.OpExportItems: time.Second, ews.OpUploadItems: time.Second, ews.OpCreateItem: time.Second}
					o.settings = func(s *quarantine.Options) { s.WriteDoubt = 5 * time.Minute }
					w := newWorld(t, o)
					var wg sync.WaitGroup
					began := time.Now()
					for i := range n {
						id := fmt.Sprintf("<%d@evil.example>", i)
						w.Mailbox(alice).DeliverWith(append(eml(id, "Invoice"), body...), ewstest.Delivery{})
						wg.Go(func() {
							r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
							if assert.NoError(t, err) {
								assert.NoError(t, r.Err())
							}
						})
					}
					wg.Wait()
					took[n] = time.Since(began)
				})
			}
			require.LessOrEqual(t, took[5], took[1]*3/2, took)
		})
	}
}
