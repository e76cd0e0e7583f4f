package quarantine_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// departure is something that goes differently at a call.
type departure struct {
	name string
	at   func(detour.Kind) bool // in which calls; nil: in all
	// instead means that do decides whether the driver acts, and what it answers.
	// Otherwise the driver acts, after do or, as a second case, before it.
	instead bool
	// model means that only the model can do it.
	model bool
	do    func(*striking)
}

// striking is a departure at a call.
type striking struct {
	*play
	t   *testing.T
	ctx context.Context
	c   *detour.Call
	act func() // lets the driver act
}

// answers returns departures in which a call gets an error of a class, without effect
// and, if it can have had one, with it.
func answers(name string, e driver.Error) []*departure {
	fail := func(x *striking, acts bool) {
		if acts {
			x.act()
		} else if x.c.Kind == detour.Carry && !e.Untouched {
			x.c.Answer.Carried = x.wouldCarry()
			x.sentNothing(e)
		}
		failed := e
		if failed.Err == nil {
			failed.Err = errors.New(name)
		}
		x.c.Fail(&failed)
	}
	all := []*departure{{name: name, instead: true, do: func(x *striking) { fail(x, false) }}}
	if !e.Untouched {
		all = append(all, &departure{name: name + ", and acted", at: detour.Kind.Writes, instead: true, do: func(x *striking) { fail(x, true) }})
	}
	return all
}

// wouldCarry returns how the driver would carry, for a call that does not reach it.
func (x *striking) wouldCarry() driver.Carried {
	way := x.ways[0]
	for _, w := range x.ways {
		if c := x.c.Carriage; c.Only == w || c.Only == "" && !slices.Contains(c.Except, w) {
			way = w
			break
		}
	}
	return driver.Carried{Way: way, Faithful: way != driver.WayMIME, Once: way == driver.WayMove}
}

// sentNothing keeps account of a carry for which the engine cannot know that
// nothing was sent.
func (x *striking) sentNothing(e driver.Error) {
	c := *x.c
	c.Answer.Err = &e
	x.account(&c, nil, time.Now())
}

// late returns a departure in which a write takes effect later.
func late(d time.Duration) *departure {
	return &departure{name: "acts " + d.String() + " later", at: detour.Kind.Writes, instead: true, do: func(x *striking) {
		x.tooLate = x.tooLate || d > 15*time.Minute
		x.delay(d, x.c.Kind)
		x.act()
	}}
}

// behind returns a departure in which searches are out of date from now on.
func behind(name string, set func(*modelStage)) *departure {
	return &departure{name: name, at: kindsOf(detour.Find, detour.Leftovers), model: true, instead: true, do: func(x *striking) {
		set(x.stage.(*modelStage))
		x.act()
	}}
}

// unsearched returns a departure in which a search reports that a folder could not be
// searched, and shows everything there is, or nothing.
func unsearched(name string, shows bool) *departure {
	return &departure{name: name, at: kindsOf(detour.Find), instead: true, do: func(x *striking) {
		x.act()
		if !shows {
			x.c.Answer.Found.Items = nil
		}
		x.c.Answer.Found.Unsearched = []driver.Unsearched{{Folder: driver.Folder{Path: "/Closed"}, Reason: "no right to it"}}
	}}
}

// person returns a departure in which somebody does something.
func person(who, box string, what deed) *departure {
	return &departure{name: who + " " + string(what), do: func(x *striking) { x.somebody(box, what) }}
}

// amid returns a departure in which somebody does something between two folders
// of the next search.
func amid(who, box string, what deed) *departure {
	return &departure{name: who + " " + string(what) + " between two folders", at: kindsOf(detour.Find), model: true, instead: true, do: func(x *striking) {
		x.model.Between = func(searched string) {
			if searched == box {
				x.model.Between = nil
				x.somebody(box, what)
			}
		}
		x.act()
	}}
}

// somebody has a person do something, and records what that excuses.
func (x *play) somebody(box string, what deed) {
	n := x.person(box, what)
	x.unstamped = x.unstamped || x.bare && n > 0
	switch {
	case n == 0:
	case what == recovers:
		x.copied += n
	case what == duplicates:
		x.copied = 2*x.copied + 1
		if box == vault {
			x.analystCopied = 2*x.analystCopied + 1
		}
	case what == purges:
		x.deleted = true
	case what == edits && x.model != nil:
		for _, o := range x.model.Objects {
			if o != nil && !o.Cut {
				x.editions[o.Message] = max(x.editions[o.Message], o.Edition)
			}
		}
	}
}

// rivalOf returns a departure in which another process does something from
// beginning to end. A rival in the same process would wait until this run is done,
// so there is nothing to explore.
func rivalOf(name string, sealedBy []byte, shares bool, do func(*striking, *quarantine.Service)) *departure {
	return &departure{name: name, do: func(x *striking) {
		x.foreign = x.foreign || &sealedBy[0] != &key[0]
		var j quarantine.Journal = &intentBook{}
		if shares {
			if !x.journal {
				return
			}
			j = x.book
		}
		do(x, x.service(x.t, sealedBy, j, func(ctx context.Context, c *detour.Call) { x.act0(ctx, c) }))
	}}
}

// act0 is a call of a rival.
func (x *play) act0(ctx context.Context, c *detour.Call) {
	x.act(ctx, c)
	x.alive("after the rival's " + string(c.Kind))
}

// rivalSaid notes that a rival, which is not run again, has left something undecided.
func (x *play) rivalSaid(r *quarantine.Receipt, err error) {
	x.rivalOpen = x.rivalOpen || err == nil && r.Outcome() == quarantine.Undecided
}

func taking(x *striking, s *quarantine.Service) {
	x.undone = x.undone || x.direction == driver.ToUser
	r, err := s.Quarantine(context.WithoutCancel(x.ctx), theTarget)
	x.report("   rival's quarantine", r, err)
	x.rivalSaid(r, err)
}

func returning(x *striking, s *quarantine.Service) {
	x.undone = x.undone || x.direction == driver.ToQuarantine
	r, err := s.RestoreMessage(context.WithoutCancel(x.ctx), theTarget)
	x.report("   rival's restore", r, err)
	x.rivalSaid(r, err)
}

// returningListed restores what the list of the quarantine shows, as operators do.
func returningListed(x *striking, s *quarantine.Service) {
	x.undone = x.undone || x.direction == driver.ToQuarantine
	ctx := context.WithoutCancel(x.ctx)
	for h, err := range s.List(ctx, quarantine.ListRequest{Mailbox: alice, MessageID: theID}) {
		if err != nil {
			return
		}
		r, err := s.Restore(ctx, h.Receipt())
		x.report("   rival's restore from the list", r, err)
		x.rivalSaid(r, err)
	}
}

// recovering is a rival that believes the process to be dead.
func recovering(x *striking, s *quarantine.Service) {
	x.book.restart()
	for r, err := range s.Recover(context.WithoutCancel(x.ctx)) {
		x.report("   rival's recovery", r, err)
	}
}

// blind makes searches blind to the first or last object of the target.
func (m *modelStage) blind(which int) {
	on := append(m.targets(alice), m.targets(vault)...)
	if len(on) == 0 {
		return
	}
	if which < 0 {
		which = len(on) - 1
	}
	m.Blind(on[which], 50*time.Second)
}

// instances returns the ways in which a departure can happen at a call.
func (d *departure) instances(part, nth int, kind detour.Kind) []twist {
	switch {
	case d.at != nil && !d.at(kind):
		return nil
	case d.instead:
		return []twist{{part, nth, d, false}}
	}
	return []twist{{part, nth, d, false}, {part, nth, d, true}}
}
