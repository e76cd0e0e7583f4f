package quarantine_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

var (
	exploreRandom = flag.Int("explore.random", 0, "how many histories TestExploreRandom tries; 0: 50,000 with -whole, else 40")
	exploreSeed   = flag.Uint64("explore.seed", 1, "first seed of TestExploreRandom")
)

// exploredOdd are the unusual servers of random histories.
var exploredOdd = []ewstest.Oddities{
	ewstest.OddNoTransfer, ewstest.OddNoCrossMove, ewstest.OddBareFaults, ewstest.OddNoRootFolder, ewstest.OddNoItemIDs,
	ewstest.OddDroppedHeaders, ewstest.OddRenamedAttachments, ewstest.OddRecodedText, ewstest.OddNoChunks, ewstest.OddNoChangeKeys,
	ewstest.OddNoDeliveryTime, ewstest.OddCaseSensitive, ewstest.OddNanoseconds, ewstest.OddCannotFindUser, ewstest.AllOddities,
}

// exploredVersions are the versions of these servers.
var exploredVersions = []ewstest.Version{
	ewstest.Exchange2010SP3, ewstest.Exchange2013, ewstest.Exchange2013SP1, ewstest.Exchange2016, ewstest.Exchange2019, ewstest.ExchangeSE, ewstest.ExchangeOnline,
}

// randomHistory draws a history from a seed: a world, up to six deviations, and
// what is asked for.
func randomHistory(seed uint64) *exploration {
	r := rand.New(rand.NewPCG(seed, 0))
	one := func(chance int) bool { return r.IntN(chance) == 0 }
	s := exploredScene{
		access: r.IntN(len(accesses)), direction: driver.ToQuarantine,
		copies: 1, twins: 1, folders: 1, journal: !one(3), key: one(2), renames: one(10),
		version: exploredVersions[r.IntN(len(exploredVersions))],
		sparse:  seed%16 != 0, // full ones take half as long again
	}
	if one(2) {
		s.direction, s.moved = driver.ToUser, seed%4 != 0 // to get it there quickly
	}
	// Large worlds take several times as long and seldom show more.
	switch r.IntN(20) {
	case 0:
		s.copies = 2 + r.IntN(2)
	case 1:
		s.twins = 2 + r.IntN(2)
	}
	switch r.IntN(24) {
	case 0, 1:
		s.folders = 2
	case 2:
		s.folders = 45
	}
	if one(6) {
		s.odd = exploredOdd[r.IntN(len(exploredOdd))]
	}
	x := &exploration{scene: s, lenient: true}
	var events []event
	for range 1 + r.IntN(6) {
		e := event{seed: r.Uint64(), call: r.IntN(10 + r.IntN(35))}
		if one(2) {
			e.what = serverDeviations[r.IntN(len(serverDeviations))]
		} else {
			e.what = peoplesDeviations[r.IntN(len(peoplesDeviations))]
			switch r.IntN(4) {
			case 0:
				e.after = true
			case 1:
				if !e.what.ends {
					e.member = 1 + r.IntN(4)
				}
			}
		}
		if one(40) {
			e = event{seed: e.seed, call: e.call, what: lateDeviation}
		}
		events = append(events, e)
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.call - b.call })
	x.strikes = events
	for range []int{0, 0, 1, 1, 2, 3}[r.IntN(6)] {
		x.plan = append(x.plan, demand{
			wait:    []time.Duration{0, 10 * time.Second, 5 * time.Minute, 20 * time.Minute, time.Hour}[r.IntN(5)],
			recover: one(2), fresh: one(3),
		})
	}
	return x
}

// again returns a fresh copy of the history, to be played once more.
func (x *exploration) again() *exploration {
	return &exploration{scene: x.scene, strikes: slices.Clone(x.strikes), plan: slices.Clone(x.plan), exact: x.exact, lenient: x.lenient}
}

// simpler returns histories that are one step simpler.
func (x *exploration) simpler() (all []*exploration) {
	change := func(f func(*exploration)) {
		y := x.again()
		f(y)
		if fmt.Sprint(y.scene, y.strikes, y.plan) != fmt.Sprint(x.scene, x.strikes, x.plan) {
			all = append(all, y)
		}
	}
	for i := range x.strikes {
		change(func(y *exploration) { y.strikes = slices.Delete(y.strikes, i, i+1) })
	}
	for i := range x.plan {
		change(func(y *exploration) { y.plan = slices.Delete(y.plan, i, i+1) })
	}
	change(func(y *exploration) { y.scene.odd = 0 })
	change(func(y *exploration) { y.scene.version = ewstest.Exchange2016 })
	change(func(y *exploration) { y.scene.folders = 1 })
	change(func(y *exploration) { y.scene.copies = 1 })
	change(func(y *exploration) { y.scene.twins = 1 })
	change(func(y *exploration) { y.scene.renames = false })
	change(func(y *exploration) { y.scene.sparse, y.scene.moved = false, false })
	change(func(y *exploration) { y.scene.key = false })
	change(func(y *exploration) { y.scene.journal = true })
	return all
}

// shrunk simplifies a failing history for as long as it still fails.
func shrunk(t *testing.T, failed *exploration, played *exploration) *exploration {
	for tries := 0; tries < 120; {
		better := false
		for _, y := range failed.simpler() {
			tries++
			z := y.again()
			z.play(t)
			if z.counted != (findings{}) {
				failed, played, better = y, z, true
				break
			}
		}
		if !better {
			break
		}
	}
	return played
}

// TestExploreRandom plays random histories, each from its own seed.
func TestExploreRandom(t *testing.T) {
	t.Parallel()
	histories := *exploreRandom
	switch {
	case histories == 0 && *whole:
		histories = 50_000
	case histories == 0:
		histories = 40
	}
	var sum explored
	var next, failed atomic.Int64
	mine := sliceOf(t)
	t.Run("seeds", func(t *testing.T) {
		for part := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				for {
					n := next.Add(1) - 1
					if n >= int64(histories) || failed.Load() >= 20 || failFast() && failed.Load() > 0 {
						return
					}
					if !mine(int(n)) {
						continue
					}
					seed := *exploreSeed + uint64(n)
					x := randomHistory(seed)
					start := x.again()
					x.play(t)
					x.strikes = start.strikes
					sum.add(x)
					if x.counted != (findings{}) {
						failed.Add(1)
						first, small := x.told(), x
						if !failFast() {
							small = shrunk(t, start, x)
						}
						t.Errorf("seed %d: %s: %s\nas it was: %s\nrepeat with: go test ./quarantine -run '^TestExploreRandom$' -explore.random=1 -explore.seed=%d",
							seed, x.counted, small.told(), strings.ReplaceAll(first, "\n", "\n  "), seed)
					}
				}
			})
		}
	})
	t.Logf("undecided in the end, and said so: %d; a copy by each of two installations, or one without its stamp: %d", sum.undecided, sum.twice)
	t.Logf("explore: worlds=%d %s", len(sum.worlds), &sum)
}
