package graphmail_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

var (
	randomHistories = flag.Int("random.histories", 10, "how many random histories TestRandomRuns plays; with -whole, 500")
	randomSeed      = flag.Uint64("random.seed", 1, "the seed of the first")
)

// TestRandomRuns plays histories in which quarantines and restores by several processes,
// faults, deaths and actions of the user follow one another. In the end there is one
// copy, at the end where it was last requested.
func TestRandomRuns(t *testing.T) {
	t.Parallel()
	randomRuns(t, func(seed uint64) mode { return modes[seed%uint64(len(modes))] })
}

// randomRuns plays as many histories as the flags say, in the mode for each seed.
func randomRuns(t *testing.T, modeOf func(seed uint64) mode) {
	n := *randomHistories
	if *whole {
		n = max(n, 500)
	}
	for i := range uint64(n) {
		seed := *randomSeed + i
		synctest.Test(t, func(t *testing.T) {
			if story, wrong := history(t, seed, modeOf(seed)); wrong != "" {
				t.Errorf("seed %d: %s\n%s", seed, wrong, strings.Join(story, "\n"))
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d histories from seed %d", n, *randomSeed)
}

func history(t *testing.T, seed uint64, m mode) (story []string, wrong string) {
	r := rand.New(rand.NewPCG(seed, 7))
	o := &graphtest.Options{NullRemoves: r.IntN(2) == 0, IgnoreIfMatch: r.IntN(4) == 0}
	s := newScene(t, m, driver.ToQuarantine, o)
	s.rivals = func() { s.rival(t) }
	tell := func(format string, args ...any) { story = append(story, fmt.Sprintf(format, args...)) }
	p := s.process(t)
	for range 1 + r.IntN(6) {
		if p.dead.Load() {
			p = s.process(t)
			tell("a new process")
		}
		s.w.ClearFaults()
		s.w.OnRequest(nil)
		s.w.OnResponse(nil)
		if r.IntN(4) != 0 {
			b, n := blows[r.IntN(len(blows))], r.IntN(90)
			b.strike(s, p, n)
			tell("%s at request %d", b.name, n)
		}
		var receipt *quarantine.Receipt
		var err error
		if r.IntN(2) == 0 {
			receipt, err = p.Quarantine(t.Context(), target)
			tell("quarantine: %v %v", err, receiptOf(receipt))
		} else {
			receipt, err = p.RestoreMessage(t.Context(), target)
			tell("restore: %v %v", err, receiptOf(receipt))
		}
		s.aside = s.aside || strings.Contains(receiptOf(receipt), "a copy that does not match is in ")
		if from, to := s.ends(); len(from)+len(to) == 0 {
			return story, "lost: no copy is left"
		}
		switch act := r.IntN(6); {
		case act < 2 && s.aside: // the user would take what is put aside for the message
		case act == 0:
			userMoves(s, p)
			tell("the user moves it")
		case act == 1:
			for _, m := range s.w.in(alice, theID) {
				s.w.Mailbox(alice).MoveMessage(m.ID, s.w.Mailbox(alice).Folder(ews.FolderInbox))
			}
			tell("the user moves it back")
		case act == 2:
			time.Sleep(time.Duration(r.IntN(3600)) * time.Second)
		}
	}
	return story, s.settle(t)
}
