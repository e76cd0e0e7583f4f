package quarantine_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

var (
	randomSeed = flag.Uint64("random.seed", 1, "first seed of TestRandomRuns")
	randomRuns = flag.Int("random.histories", 0, "how many histories TestRandomRuns tries; 0: 10,000 with -whole, else 30")
)

// randomFaults strike at random; each may strike where a real server could fail
// in that way.
var randomFaults = []ewstest.Fault{
	ewstest.DropBefore, ewstest.DropAfter, ewstest.CutResponse, ewstest.Unavailable, ewstest.Unavailable.BackOff(backOff),
	ewstest.Busy.BackOff(backOff), ewstest.BusyItem.BackOff(backOff), ewstest.BusyInner,
	ewstest.MemberCode("ErrorInternalServerTransientError"), ewstest.MemberCode("ErrorTimeoutExpired"),
	ewstest.MemberCode("ErrorMoveCopyFailed"), ewstest.MoveFailedCopyLeft, ewstest.StaleChangeKey,
	ewstest.TruncatedExport, ewstest.TruncatedExportEncoded, ewstest.TruncatedExportAfter, ewstest.MailboxMoving, ewstest.EmptyBody,
}

// TestRandomRuns takes messages through quarantine and back with faults at a
// fifth of all calls, and users who move and read their mail in the meantime.
// After every step, no message may be lost, and when a step reports that it is
// done, there must be one copy, in the right place.
func TestRandomRuns(t *testing.T) {
	t.Parallel()
	runs, each := *randomRuns, 100 // each: how many histories one Exchange goes through
	switch {
	case runs == 0 && *whole:
		runs = 10_000
	case runs == 0:
		runs, each = 30, 3
	}
	var histories, steps, calls, struck atomic.Int64
	t.Run("worlds", func(t *testing.T) {
		for i := range max(1, runs/each) {
			seed := *randomSeed + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := newHistory(t, seed)
					for range each {
						h.run(t)
						histories.Add(1)
						if t.Failed() {
							t.Logf("repeat with -run TestRandomRuns -random.seed=%d -random.histories=1", seed)
							return
						}
					}
					steps.Add(int64(h.steps))
					calls.Add(int64(h.calls))
					struck.Add(int64(h.struck))
				})
			})
		}
	})
	t.Logf("%d histories, %d steps, %d calls, %d of them struck by a fault; lost 0, doubled 0", histories.Load(), steps.Load(), calls.Load(), struck.Load())
	if !t.Failed() && struck.Load() < calls.Load()/10 {
		t.Error("too few faults struck to mean anything")
	}
}

// history is one world and its dice.
type history struct {
	*world
	options              worldOptions
	random               *rand.Rand
	number               int
	steps, calls, struck int
}

var randomVersions = []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2013, ewstest.Exchange2016, ewstest.ExchangeSE}

// newHistory throws the dice. Twenty seeds in a row have every access and way on
// every version.
func newHistory(t *testing.T, seed uint64) *history {
	r := rand.New(rand.NewPCG(seed, 0))
	o := accesses[seed%uint64(len(accesses))].worldOptions
	o.server.Seed = seed
	o.server.Version = randomVersions[seed%uint64(len(randomVersions))]
	perMailbox := r.IntN(2) == 0
	o.settings = func(s *quarantine.Options) { s.Wait, s.FolderPerMailbox = 2*time.Second, perMailbox }
	return &history{world: newWorld(t, o), options: o, random: r}
}

// run takes one message there and back.
func (h *history) run(t *testing.T) {
	h.number++
	h.id = fmt.Sprintf("<%d@evil.example>", h.number)
	box := h.Mailbox(alice)
	headers := []string{}
	if h.random.IntN(2) == 0 {
		headers = append(headers, "Disposition-Notification-To: mallory@evil.example")
	}
	if h.random.IntN(2) == 0 {
		headers = append(headers, attached("invoice.pdf"))
	}
	d := ewstest.Delivery{Read: h.random.IntN(2) == 0, Received: time.Date(2026, 11, 1+h.random.IntN(20), 8, 30, 0, 0, time.UTC)}
	if h.random.IntN(3) > 0 {
		d.Folder = box.AddFolder(box.Folder(ews.FolderInbox), fmt.Sprint("Folder ", h.random.IntN(3)))
	}
	original := box.DeliverWith(eml(h.id, fmt.Sprint("Message ", h.number), headers...), d)
	h.ResetRequests()
	h.FailRandomly(0.2, randomFaults...)
	defer func() {
		h.FailRandomly(0)
		for _, r := range h.Requests() {
			h.calls++
			if r.Fault != "" {
				h.struck++
			}
		}
	}()

	target := quarantine.Target{Mailbox: alice, MessageID: h.id, Reason: "random"}
	services := []*quarantine.Service{h.service, h.newService(t, h.options)}
	var receipt *quarantine.Receipt
	moved := false
	h.until(t, "quarantine", func(s *quarantine.Service) (*quarantine.Receipt, error) {
		if !moved && h.random.IntN(10) == 0 {
			moved = true
			h.relocate(alice, "/Inbox/Elsewhere")
			original = h.anywhere(original)
		}
		r, err := s.Quarantine(t.Context(), target)
		if r != nil && len(r.Items) > 0 {
			receipt = r
		}
		return r, err
	}, services, 0, 1)
	if t.Failed() || h.random.IntN(5) == 0 {
		return
	}
	h.until(t, "restore", func(s *quarantine.Service) (*quarantine.Receipt, error) {
		if h.random.IntN(3) == 0 {
			return s.RestoreMessage(t.Context(), target)
		}
		return s.Restore(t.Context(), receipt)
	}, services, 1, 0)
	if t.Failed() {
		return
	}
	back := h.in(alice, h.id)[0]
	if diffs := fidelity(original, back, h.options.losses()); len(diffs) > 0 {
		t.Errorf("%s came back with %q", h.id, diffs)
	}
	if stamped(back) {
		t.Errorf("%s came back with a stamp", h.id)
	}
	if n := h.Notices(); len(n) > 0 {
		t.Errorf("notices: %+v", n)
	}
}

// losses returns the way whose losses must be expected: with faults, the server
// may have refused a better one.
func (o worldOptions) losses() quarantine.Way {
	if len(o.ways) == 1 {
		return o.ways[0]
	}
	return quarantine.WayMIME
}

// anywhere returns the message as it is now, or as it was if it is not with the
// user.
func (h *history) anywhere(was *ewstest.Message) *ewstest.Message {
	if now := h.in(alice, h.id); len(now) > 0 && !stamped(now[0]) {
		return now[0]
	}
	return was
}

// until asks again until the work is done, and checks the invariants each time.
func (h *history) until(t *testing.T, what string, do func(*quarantine.Service) (*quarantine.Receipt, error), services []*quarantine.Service, withUser, inVault int) {
	for attempt := 0; ; attempt++ {
		h.steps++
		if attempt == 20 {
			h.FailRandomly(0) // enough
		}
		r, err := do(services[h.random.IntN(len(services))])
		u, v := len(h.in(alice, h.id)), len(h.in(vault, h.id))
		if u+v == 0 {
			t.Errorf("%s: %s is lost", what, h.id)
			return
		}
		if err == nil && r.Err() == nil && r.Outcome().Done() {
			if u != withUser || v != inVault {
				t.Errorf("%s: %s says %s, but %s is at %d and %d", what, h.options.name(), r.Outcome(), h.id, u, v)
			}
			break
		}
		if attempt > 25 {
			t.Errorf("%s never ends: %v", what, err)
			return
		}
		if h.random.IntN(3) == 0 {
			for _, rerr := range services[h.random.IntN(len(services))].Recover(t.Context()) {
				if rerr != nil {
					t.Errorf("recovery: %v", rerr)
				}
			}
			if u, v := len(h.in(alice, h.id)), len(h.in(vault, h.id)); u+v == 0 {
				t.Errorf("%s: %s is lost in recovery", what, h.id)
				return
			}
		}
		time.Sleep(10 * time.Minute)
	}
}

func (o worldOptions) name() string {
	return fmt.Sprintf("impersonation=%t ways=%q", o.impersonation, o.ways)
}
