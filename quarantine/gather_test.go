package quarantine_test

import (
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

// many is how many messages of one mailbox are asked for concurrently.
const many = 50

// gathered takes many messages of one mailbox concurrently, and puts them back. It
// returns how many requests of each operation this took in either direction.
func gathered(t testing.TB, o worldOptions) (taking, restoring map[ews.Operation]int) {
	t.Helper()
	w := newWorld(t, o)
	var targets []quarantine.Target
	for i := range many + 1 {
		id := fmt.Sprintf("<%d@evil.example>", i)
		w.Mailbox(alice).Deliver(eml(id, "Invoice"))
		targets = append(targets, quarantine.Target{Mailbox: alice, MessageID: id})
	}
	// So that the mailbox is known.
	r, err := w.service.Quarantine(t.Context(), targets[many])
	require.NoError(t, err)
	require.NoError(t, r.Err())
	_, err = w.service.Restore(t.Context(), r)
	require.NoError(t, err)

	count := func(do func(i int)) map[ews.Operation]int {
		w.ResetRequests()
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() { do(i) })
		}
		wg.Wait()
		counts := make(map[ews.Operation]int)
		for _, q := range w.Requests() {
			counts[q.Operation]++
		}
		return counts
	}
	receipts := make([]*quarantine.Receipt, many)
	taking = count(func(i int) {
		r, err := w.service.Quarantine(t.Context(), targets[i])
		if assert.NoError(t, err) && assert.NoError(t, r.Err()) {
			assert.Equal(t, quarantine.Quarantined, r.Outcome())
		}
		receipts[i] = r
	})
	for i := range many {
		assert.Len(t, w.in(vault, targets[i].MessageID), 1)
		assert.Empty(t, w.in(alice, targets[i].MessageID))
	}
	restoring = count(func(i int) {
		r, err := w.service.Restore(t.Context(), receipts[i])
		if assert.NoError(t, err) {
			assert.NoError(t, r.Err())
		}
	})
	for i := range many {
		assert.Empty(t, w.in(vault, targets[i].MessageID))
		assert.Len(t, w.in(alice, targets[i].MessageID), 1)
	}
	return taking, restoring
}

func inAll(counts map[ews.Operation]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// alone is the number of requests for one message of a known mailbox, by way, as given in
// BENCHMARKS.md.
var alone = map[quarantine.Way]int{quarantine.WayMove: 12, quarantine.WayTransfer: 16, quarantine.WayMIME: 19}

// Per message, many messages of one mailbox taken concurrently need at most a tenth of the
// requests that one needs alone.
func TestGatheredRoundTrips(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := a.worldOptions
				o.server.Version, o.server.Latency = ewstest.Exchange2016, 20*time.Millisecond
				o.gather = &gather.Options{}
				o.settings = func(s *quarantine.Options) { s.WriteDoubt = 5 * time.Minute }
				taking, restoring := gathered(t, o)
				t.Logf("%.2f requests for each message, %v; %.2f to restore it, %v", float64(inAll(taking))/many, taking, float64(inAll(restoring))/many, restoring)
				way := wayOf(o)
				assert.LessOrEqual(t, inAll(taking), many*alone[way]/10)
				assert.LessOrEqual(t, inAll(restoring), many*alone[way]/10)
			})
		})
	}
}

// A message that is alone takes as many requests as without gathering.
func TestGatheredAlone(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		var asked [2][]ews.Operation
		for i, together := range []*gather.Options{nil, {}} {
			synctest.Test(t, func(t *testing.T) {
				o := patient(a.worldOptions)
				o.gather = together
				w := newWorld(t, o)
				w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
				taken, err := w.service.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				require.NoError(t, taken.Err())
				back, err := w.service.Restore(t.Context(), taken)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				for _, r := range w.Requests() {
					asked[i] = append(asked[i], r.Operation)
				}
			})
		}
		assert.Equal(t, asked[0], asked[1], a.name)
	}
}
