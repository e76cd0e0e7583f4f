package quarantine_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
)

// Calls that wait to share a request leave slots of the server idle, unless there are more
// targets in progress than concurrent calls: with three times as many, a campaign over
// mailboxes never seen before achieves at least 90 % of what the calls would allow if each
// message cost what it costs alone in a known mailbox. The test runs in virtual time, so
// the machine does not matter.
func TestThroughputNearBound(t *testing.T) {
	t.Parallel()
	const calls, latency = 27, 20 * time.Millisecond
	mailboxes, chosen := 200, accesses[:1]
	if *whole {
		mailboxes, chosen = 600, accesses
	}
	for _, a := range chosen {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := a.worldOptions
				o.server.Latency, o.atOnce, o.gather = latency, calls, &gather.Options{}
				w := newWorld(t, o)
				router, err := quarantine.NewRouter([]quarantine.Route{{Service: w.service, Domains: []string{w.Domain()}}}, &quarantine.RouterOptions{PerServer: 3 * calls})
				require.NoError(t, err)
				var targets []quarantine.Target
				for i := range mailboxes {
					address := fmt.Sprintf("user%d@%s", i, w.Domain())
					w.AddMailbox(address, nil).Deliver(eml(theID, "Invoice"))
					targets = append(targets, quarantine.Target{Mailbox: address, MessageID: theID})
				}
				w.ResetRequests()
				began := time.Now()
				for r, err := range router.QuarantineAll(t.Context(), slices.Values(targets)) {
					require.NoError(t, err)
					require.Equal(t, quarantine.Quarantined, r.Outcome())
				}
				took := time.Since(began)
				each := map[quarantine.Way]int{quarantine.WayMove: 12, quarantine.WayTransfer: 17, quarantine.WayMIME: 20}[wayOf(a.worldOptions)]
				part := float64(each*mailboxes) * latency.Seconds() / calls / took.Seconds()
				t.Logf("%.1f requests a message, %.0f messages a minute, %.0f %% of the bound", float64(len(w.Requests()))/float64(mailboxes), float64(mailboxes)/took.Minutes(), 100*part)
				require.GreaterOrEqual(t, part, 0.9)
			})
		})
	}
}

// wayOf returns the way in which items are carried.
func wayOf(o worldOptions) quarantine.Way {
	switch {
	case len(o.ways) == 1:
		return o.ways[0]
	case o.impersonation:
		return quarantine.WayTransfer
	}
	return quarantine.WayMove
}
