package quarantine_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

var (
	explorePart   = flag.String("explore.part", "", "TestExplorePairs: play one of so many histories with one thing that goes differently, and of those with two, such as 7,401")
	exploreOnly   = flag.String("explore.only", "", "TestExplorePairs: only histories in which the first thing that goes differently has this in its name")
	exploreRepeat = flag.String("explore.repeat", "", "TestExplorePairs: one history, as a story tells it")
)

// pairs explores the histories of one world.
type pairs struct {
	world  pairWorld
	number int
	share  share

	rested, expanded map[[16]byte]bool
	states           map[[16]byte]bool
	histories, cut   int
	singles, doubles int // that could be played
	sum              findings
	rows             map[string]int
	failed           []*play
}

// share is the part of all histories that is played: one of so many.
type share struct{ singles, pairs int }

// takes reports whether the next history belongs to the part: one history in every
// of does, with a different offset in each world.
func (p *pairs) takes(of int, count *int) bool {
	*count++
	return (*count+61*p.number)%of == 0
}

// shareOf returns the part that the flags ask for, otherwise a small one.
func shareOf(t *testing.T, small share) share {
	switch {
	case *explorePart != "":
		_, err := fmt.Sscanf(*explorePart, "%d,%d", &small.singles, &small.pairs)
		require.NoError(t, err)
	case *exploreAll:
		return share{1, 1}
	case *whole:
		return share{7, 20}
	}
	return small
}

// node is a state between two parts from which the history can continue.
type node struct {
	saved
	left int // how many things may still go differently
}

// explore plays all histories of the world that belong to its share.
func (p *pairs) explore(t *testing.T) {
	p.rested, p.expanded, p.states, p.rows = make(map[[16]byte]bool), make(map[[16]byte]bool), make(map[[16]byte]bool), make(map[string]int)
	var start node
	synctest.Test(t, func(t *testing.T) {
		x := &play{pairWorld: p.world, saw: p.saw}
		x.begin(t)
		start = node{x.save(), 2}
	})
	calm, clean := p.play(t, start, ask)
	p.further(t, clean)
	for _, first := range instances(0, 0, calm) {
		if *exploreOnly != "" && !strings.Contains(first.what.name, *exploreOnly) || !p.takes(p.share.singles, &p.singles) {
			continue
		}
		calls, next := p.play(t, start, ask, first)
		if p.enough() {
			return
		}
		p.further(t, next)
		for _, second := range instances(0, first.nth+1, calls) {
			if p.takes(p.share.pairs, &p.doubles) {
				p.play(t, start, ask, first, second)
			}
		}
	}
}

// further plays what may follow a state, with one more thing that goes differently.
func (p *pairs) further(t *testing.T, from *node) {
	if from == nil || from.left == 0 || from.parts > 2 {
		return
	}
	for _, next := range further {
		if p.enough() {
			return
		}
		calls, then := p.play(t, *from, next)
		p.further(t, then)
		for _, s := range instances(from.parts, 0, calls) {
			if p.takes(p.share.pairs, &p.doubles) {
				p.play(t, *from, next, s)
			}
		}
	}
}

// enough reports whether one history that goes wrong is enough.
func (p *pairs) enough() bool { return len(p.failed) > 0 && failFast() }

// instances returns everything that can go differently in a part, from a call on.
func instances(part, from int, calls []detour.Kind) (all []twist) {
	for nth := from; nth < len(calls); nth++ {
		for _, d := range departures {
			all = append(all, d.instances(part, nth, calls[nth])...)
		}
	}
	return all
}

func (p *pairs) saw(row string) { p.rows[row]++ }

// play plays one part from a state, and lets it come to rest. It returns the calls of
// the part and the state after it, nil if it has been seen before.
func (p *pairs) play(t *testing.T, from node, next act, twists ...twist) (calls []detour.Kind, after *node) {
	synctest.Test(t, func(t *testing.T) {
		x := from.resume()
		x.twists = append(x.twists, twists...)
		x.asked = append(slices.Clip(x.asked), next)
		begin := time.Now()
		told := x.next(t, next)
		x.timely(t, told, time.Since(begin))
		calls = x.calls
		p.histories++
		state := x.state()
		p.states[state] = true
		left := from.left - len(twists)
		if left > 0 && !p.expanded[state] && x.findings == (findings{}) {
			p.expanded[state] = true
			after = &node{x.save(), left}
		}
		if p.rested[state] {
			p.cut++
		} else {
			p.rested[state] = true
			x.settle(t)
			p.states[x.state()] = true
		}
		p.sum.add(x.findings)
		if x.findings != (findings{}) && len(p.failed) < 20 {
			p.failed = append(p.failed, x)
		}
	})
	return calls, after
}

// settle lets everything come to rest.
func (x *play) settle(t *testing.T) {
	if m := x.model; m != nil {
		m.Lag, m.Linger, m.StampsLost, m.VersionsIgnored, m.RemovesNothing, m.Refuses = 0, 0, false, false, false, nil
	}
	time.Sleep(3 * time.Hour)
	x.rest(func(p act) bool { return x.next(t, p) })
}

// replay plays a history from its beginning.
func replay(t *testing.T, w pairWorld, asked []act, twists []twist) (x *play) {
	synctest.Test(t, func(t *testing.T) {
		x = &play{pairWorld: w, saw: func(string) {}}
		x.begin(t)
		x.twists = twists
		for _, p := range asked {
			x.next(t, p)
		}
		x.settle(t)
	})
	x.asked = asked
	return x
}

// shrink returns a simpler history that also goes wrong.
func shrink(t *testing.T, x *play) *play {
	simpler := func(w pairWorld, asked []act, twists []twist) bool {
		if y := replay(t, w, asked, twists); y.findings != (findings{}) {
			x = y
			return true
		}
		return false
	}
	for range 3 {
		for i := range x.twists {
			if i < len(x.twists) {
				simpler(x.pairWorld, x.asked, slices.Delete(slices.Clone(x.twists), i, i+1))
			}
		}
		if n := len(x.asked); n > 1 {
			simpler(x.pairWorld, x.asked[:n-1], x.twists)
		}
		if w := x.pairWorld; w.copies > 1 {
			w.copies = 1
			simpler(w, x.asked, x.twists)
		}
		for i, s := range x.twists {
			for nth := range s.nth {
				earlier := slices.Clone(x.twists)
				if earlier[i].nth = nth; s.what.at == nil && simpler(x.pairWorld, x.asked, earlier) {
					break
				}
			}
		}
	}
	return x
}

// name returns the name of the history, for -explore.repeat.
func (x *play) name() string {
	var s strings.Builder
	for i, w := range referenceWorlds() {
		if w.String() == x.pairWorld.String() {
			fmt.Fprint(&s, i)
		}
	}
	for _, p := range x.asked {
		fmt.Fprintf(&s, "/%s", p)
	}
	for _, k := range x.twists {
		fmt.Fprintf(&s, "|%d|%d|%t|%s", k.part, k.nth, k.after, k.what.name)
	}
	return s.String()
}

// named returns the history with a name.
func named(t *testing.T, name string) *play {
	head, rest, _ := strings.Cut(name, "|")
	words := strings.Split(head, "/")
	var world int
	_, err := fmt.Sscan(words[0], &world)
	assert.NoError(t, err)
	var asked []act
	for _, w := range words[1:] {
		for _, p := range append([]act{ask}, further...) {
			if p.String() == w {
				asked = append(asked, p)
			}
		}
	}
	var twists []twist
	for f := strings.Split(rest, "|"); len(f) >= 4; f = f[4:] {
		s := twist{after: f[2] == "true"}
		_, err := fmt.Sscan(f[0]+" "+f[1], &s.part, &s.nth)
		assert.NoError(t, err)
		for _, d := range departures {
			if d.name == f[3] {
				s.what = d
			}
		}
		twists = append(twists, s)
	}
	return replay(t, referenceWorlds()[world], asked, twists)
}

// TestExplorePairs plays pairs in the reference worlds: all of them with -explore.all,
// a fixed part with -whole, and a small part without either.
func TestExplorePairs(t *testing.T) {
	t.Parallel()
	if *exploreRepeat != "" {
		x := named(t, *exploreRepeat)
		t.Logf("%s\n  %s", x.pairWorld, strings.Join(x.story, "\n  "))
		assert.Equal(t, findings{}, x.findings)
		return
	}
	part := shareOf(t, share{211, 499})
	worlds := referenceWorlds()
	var mu sync.Mutex
	var sum findings
	played, histories, states, cut, all := 0, 0, 0, 0, 0
	mine := sliceOf(t)
	rows := make(map[string]int)
	t.Run("worlds", func(t *testing.T) {
		for i, w := range worlds {
			if !mine(i) {
				continue
			}
			played++
			t.Run(w.String(), func(t *testing.T) {
				t.Parallel()
				p := &pairs{world: w, number: i, share: part}
				p.explore(t)
				mu.Lock()
				defer mu.Unlock()
				sum.add(p.sum)
				histories, states, cut = histories+p.histories, states+len(p.states), cut+p.cut
				all += p.singles + p.doubles
				for row, n := range p.rows {
					rows[row] += n
				}
				for i, x := range p.failed {
					if i < 5 && !failFast() {
						x = shrink(t, x)
					}
					t.Errorf("%s: %s\n  %s\nrepeat: -run TestExplorePairs -explore.repeat '%s'", w, x.findings, strings.Join(x.story, "\n  "), x.name())
				}
			})
		}
	})
	for _, row := range quarantine.EngineRows() {
		t.Logf("row %-60s %d", row, rows[row])
		if *exploreAll && *exploreSlice == "" {
			assert.NotZero(t, rows[row], row)
		}
	}
	t.Logf("cut off at a state seen before: %d; histories to choose from: %d", cut, all)
	t.Logf("explore: worlds=%d deviations=%d histories=%d states=%d %s", played, len(departures), histories, states, sum)
}
