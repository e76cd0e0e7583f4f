package graphmail_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// roundTrips are how many round trips, and how many requests as Graph counts them, a
// message of a known mailbox may take.
var roundTrips = map[string][2]int{"quarantine": {22, 54}, "restore": {21, 55}}

// TestRoundTrips counts what a message costs in a mailbox that is known.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		p := w.process(t, new(quarantine.MemoryJournal))
		for i := range 2 {
			id := fmt.Sprintf("<%d@evil.example>", i)
			w.Mailbox(alice).Deliver(eml(id, "Invoice"))
			var receipt *quarantine.Receipt
			for _, what := range []string{"quarantine", "restore"} {
				w.ResetRequests()
				var r *quarantine.Receipt
				var err error
				if what == "quarantine" {
					receipt, err = p.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
					r = receipt
				} else {
					r, err = p.Restore(t.Context(), receipt)
				}
				require.NoError(t, err)
				require.NoError(t, r.Err())
				if i == 0 {
					continue
				}
				trips, counted := 0, 0
				for _, q := range w.Requests() {
					if !q.Part {
						trips++
					}
					if q.Operation != "Batch" {
						counted++
					}
				}
				t.Logf("%s: %d round trips, %d requests as Graph counts them", what, trips, counted)
				assert.LessOrEqual(t, trips, roundTrips[what][0], what)
				assert.LessOrEqual(t, counted, roundTrips[what][1], what)
			}
		}
	})
}
