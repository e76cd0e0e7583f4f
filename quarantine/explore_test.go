package quarantine_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

var exploreAll = flag.Bool("explore.all", false, "TestExploreSingles, TestExplorePairs: every history in every world, not only those of -whole; for hours")

// failFast reports whether the first history that goes wrong is enough, as it is for
// mutate: then it is not simplified.
func failFast() bool { return flag.Lookup("test.failfast").Value.String() == "true" }

// explored sums up.
type explored struct {
	mu         sync.Mutex
	sum        findings
	histories  int
	same       int // histories in which the deviation made no difference
	undecided  int
	twice      int // two installations have made a copy each
	states     map[uint64]struct{}
	deviations map[string]struct{}
	worlds     map[string]struct{}
}

func (e *explored) add(x *exploration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if x.idle || x.unsettled {
		e.same++
		return
	}
	e.histories++
	e.sum.add(x.counted)
	if x.open {
		e.undecided++
	}
	if x.twice {
		e.twice++
	}
	if e.states == nil {
		e.states, e.deviations, e.worlds = make(map[uint64]struct{}), make(map[string]struct{}), make(map[string]struct{})
	}
	h := fnv.New64a()
	h.Write([]byte(x.state))
	e.states[h.Sum64()] = struct{}{}
	e.worlds[x.scene.String()] = struct{}{}
	for _, s := range x.strikes {
		e.deviations[s.what.name] = struct{}{}
	}
}

func (e *explored) String() string {
	return fmt.Sprintf("deviations=%d histories=%d states=%d %s", len(e.deviations), e.histories, len(e.states), e.sum)
}

// singleScenes returns the worlds of TestExploreSingles, with several kinds for each
// access and direction.
func singleScenes() (scenes []exploredScene) {
	for access := range accesses {
		for i, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			odd := (access+i)%2 == 0
			scenes = append(scenes,
				exploredScene{access: access, direction: direction, copies: 1, twins: 1, folders: 1, journal: true},
				exploredScene{access: access, direction: direction, copies: 1, twins: 1, folders: 1, key: true, sparse: true},
				exploredScene{access: access, direction: direction, copies: 1, twins: 1, folders: 1, journal: odd, key: !odd, renames: true, sparse: true},
				exploredScene{access: access, direction: direction, copies: 1, twins: 2, folders: 45, journal: odd},
				exploredScene{access: access, direction: direction, copies: 2, twins: 1, folders: 45, journal: !odd, key: odd},
				exploredScene{access: access, direction: direction, copies: 3, twins: 1, folders: 1, journal: odd, key: true, sparse: true},
			)
		}
	}
	return scenes
}

// call is a call of a run in which nothing goes differently.
type call struct {
	operation ews.Operation
	members   int
}

// calls returns what the run calls if nothing goes differently.
func (s exploredScene) calls(t *testing.T) (calls []call, strikes map[*deviation][]bool) {
	strikes = make(map[*deviation][]bool)
	synctest.Test(t, func(t *testing.T) {
		x := &exploration{scene: s}
		x.begin(t)
		x.OnRequest(func(_ int, r *ewstest.Request) { calls = append(calls, call{operation: r.Operation}) })
		x.OnMember(func(_, _ int, _ *ewstest.Request) { calls[len(calls)-1].members++ })
		r, err := x.ask(x.start().service)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		for _, d := range serverDeviations {
			for _, c := range calls {
				strikes[d] = append(strikes[d], d.strikes == nil || x.canStrike(c.operation, *d.strikes))
			}
		}
	})
	return calls, strikes
}

// singles returns the histories of a scene in which one thing goes differently
// once. It leaves out what people do after a call, because they may as well do it
// before the next one, and what a server does before a call that is not affected,
// because it may as well do it before the next one.
func (s exploredScene) singles(t *testing.T) (all []event) {
	calls, strikes := s.calls(t)
	for n, c := range calls {
		for _, d := range serverDeviations {
			if strikes[d][n] {
				all = append(all, event{what: d, call: n})
			}
		}
		for _, d := range peoplesDeviations {
			all = append(all, event{what: d, call: n})
			if d.ends || n == len(calls)-1 {
				all = append(all, event{what: d, call: n, after: true})
			}
			if last := c.members - 1; last > 0 && !d.ends {
				all = append(all, event{what: d, call: n, member: last})
				if half := last / 2; half > 0 && c.operation == ews.OpFindItem {
					all = append(all, event{what: d, call: n, member: half})
				}
			}
		}
	}
	return all
}

// TestExploreSingles plays each deviation at each call of each scene with
// -explore.all. With -whole it plays part of each scene, and without either, part
// of one scene for each access and direction.
func TestExploreSingles(t *testing.T) {
	t.Parallel()
	scenes := singleScenes()
	kinds := len(scenes) / (2 * len(accesses))
	mine := sliceOf(t)
	var sum explored
	t.Run("scenes", func(t *testing.T) {
		for number, scene := range scenes {
			part := 401
			switch large := scene.folders > 1 || scene.copies > 1; {
			case *exploreAll:
				part = 1
			case *whole && large:
				part = 101
			case *whole:
				part = 13
			case number%kinds != (number/kinds)%kinds:
				continue
			}
			t.Run(scene.String(), func(t *testing.T) {
				t.Parallel()
				for i, e := range scene.singles(t) {
					if (i+37*number)%part != 0 || !mine((i+37*number)/part) {
						continue
					}
					x := &exploration{scene: scene, strikes: []event{e}, exact: true}
					x.play(t)
					x.strikes = []event{e}
					sum.add(x)
					if x.counted != (findings{}) {
						t.Errorf("%s: %s: %s\n  %s", scene, e, x.counted, x.told())
						if failFast() {
							return
						}
					}
				}
			})
		}
	})
	t.Logf("the same as without the deviation, and cut off: %d; a copy by each of two installations: %d", sum.same, sum.twice)
	t.Logf("explore: worlds=%d %s", len(sum.worlds), &sum)
}
