package quarantine_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Two processes take one message at nearly the same time from a server that ignores
// change keys, the second a little later than the first. With MarkWait, there is one
// copy, however much later that is; without it, there are two for some delay, which
// shows that the test can fail.
func TestMarkWaitWithoutChangeKeys(t *testing.T) {
	t.Parallel()
	const latency = 10 * time.Millisecond
	for i, a := range accesses {
		if !*whole && i%2 == 0 {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			for _, wait := range []time.Duration{0, time.Minute} {
				doubled := false
				for later := 3 * time.Millisecond; later < 4*latency && !doubled; later += latency / 2 { // never exactly simultaneously
					synctest.Test(t, func(t *testing.T) {
						o := patient(a.worldOptions)
						o.full = true // the times below are those of its requests
						o.server.Latency, o.server.Odd = latency, ewstest.OddNoChangeKeys
						o.settings = func(s *quarantine.Options) {
							s.Wait, s.SearchLag, s.WriteDoubt, s.MarkWait = 0, 0, 0, wait
						}
						w := newWorld(t, o)
						w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
						target := quarantine.Target{Mailbox: alice, MessageID: theID}
						var both sync.WaitGroup
						for _, s := range []*quarantine.Service{w.service, w.newService(t, o)} {
							both.Go(func() {
								r, err := s.Quarantine(t.Context(), target)
								if assert.NoError(t, err) && wait > 0 && r.Outcome() != quarantine.Undecided { // otherwise the other one is at work
									assert.NoError(t, r.Err(), "%s later", later)
								}
							})
							time.Sleep(later)
						}
						both.Wait()
						copies := len(w.in(alice, theID)) + len(w.in(vault, theID))
						require.Positive(t, copies, "%s later", later)
						doubled = doubled || copies > 1
						if wait > 0 {
							w.count(t, 0, 1, later.String()+" later")
						}
					})
				}
				// An item can be moved away only once.
				assert.Equal(t, wait == 0 && carriesBy(a.worldOptions) != "MoveItem", doubled, "wait %s", wait)
			}
		})
	}
}

func TestMarkWaitOfOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	for _, c := range []struct {
		wait, doubt time.Duration
		problem     string
	}{
		{-1, 0, "is negative"},
		{3*time.Minute + 1, 0, "a fifth of WriteDoubt"},
		{time.Minute, 5*time.Minute - 1, "a fifth of WriteDoubt"},
		{3 * time.Minute, 0, ""},
		{time.Minute, 5 * time.Minute, ""},
	} {
		_, err := quarantine.New(w.newStrategy(t, worldOptions{}), vault, &quarantine.Options{MarkWait: c.wait, WriteDoubt: c.doubt})
		if c.problem == "" {
			assert.NoError(t, err, "%s of %s", c.wait, c.doubt)
			continue
		}
		var invalid *quarantine.InvalidError
		if assert.ErrorAs(t, err, &invalid, "%s of %s", c.wait, c.doubt) {
			assert.Equal(t, "MarkWait", invalid.Field)
			assert.ErrorContains(t, err, c.problem)
		}
	}
}
