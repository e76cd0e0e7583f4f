package quarantine_test

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// departures is everything that can go differently.
var departures = slices.Concat(failures(), falseAnswers(), badCopies(), lastingTroubles(), othersDeeds())

// failures are calls that are not answered, or are answered with an error.
func failures() (all []*departure) {
	add := func(d ...*departure) { all = append(all, d...) }
	add(answers("refused", driver.Error{Untouched: true, Answered: true})...)
	add(answers("refused for now", driver.Error{Untouched: true, Answered: true, Temporary: true})...)
	add(answers("never sent", driver.Error{Untouched: true, Temporary: true})...)
	add(answers("answered with an error", driver.Error{Answered: true})...)
	add(answers("answered with an error that passes", driver.Error{Answered: true, Temporary: true})...)
	add(answers("answer lost", driver.Error{Temporary: true})...)
	add(answers("answer lost, for good", driver.Error{})...)
	says := func(name string, err error, at func(detour.Kind) bool) {
		d := answers(name, driver.Error{Err: err, Untouched: true, Answered: true})[0]
		d.at = at
		add(d)
	}
	says("says that it is gone", driver.ErrGone, kindsOf(detour.Inspect, detour.Content, detour.Mark, detour.Remove, detour.Shelve, detour.Carry))
	says("says that it has changed", driver.ErrConflict, kindsOf(detour.Mark, detour.Remove, detour.Shelve))
	add(late(25*time.Second), late(5*time.Minute), late(14*time.Minute), late(2*time.Hour))
	return all
}

// falseAnswers are answers that say what is not so.
func falseAnswers() (all []*departure) {
	add := func(d ...*departure) { all = append(all, d...) }
	add(&departure{name: "says Success, does nothing", at: detour.Kind.Writes, instead: true, do: func(x *striking) {
		x.c.Answer = detour.Answer{Item: x.c.Item}
		switch x.c.Kind {
		case detour.Mark:
			if x.c.Change.Stamp != nil {
				x.c.Answer.Item.Stamp = x.c.Change.Stamp
			} else if x.c.Change.Clear {
				x.c.Answer.Item.Stamp = nil
			}
		case detour.Carry:
			x.c.Answer.Carried = x.wouldCarry()
			x.c.Answer.Carried.Moved = x.c.Answer.Carried.Once
		}
	}})
	// The engine cannot tell the content of one item from that of another, so the
	// driver must make sure that it returns the content that was asked for.
	add(&departure{name: "another's answer", at: kindsOf(detour.Inspect, detour.Find), model: true, instead: true, do: func(x *striking) {
		before, ok := x.answers[x.c.Kind]
		x.act()
		if ok {
			x.c.Answer = before
		}
	}})
	return all
}

// badCopies are writes that do less than they say, or more, and content that is read cut.
func badCopies() (all []*departure) {
	add := func(d ...*departure) { all = append(all, d...) }
	add(&departure{name: "stamp not kept", at: kindsOf(detour.Mark, detour.Carry), model: true, instead: true, do: func(x *striking) {
		x.model.StampsLost = true
		x.bare = x.bare || x.c.Kind == detour.Carry
		x.act()
		x.model.StampsLost = false
	}})
	add(&departure{name: "stamps not kept from now on", at: kindsOf(detour.Mark, detour.Carry), model: true, instead: true, do: func(x *striking) {
		x.model.StampsLost = true
		x.bare = x.bare || x.c.Kind == detour.Carry
		x.act()
	}})
	add(&departure{name: "the copy is cut", at: kindsOf(detour.Carry), model: true, instead: true, do: func(x *striking) {
		x.model.Cuts, x.cut = true, true
		x.act()
		x.model.Cuts = false
	}})
	add(&departure{name: "what is read of the content is cut", at: kindsOf(detour.Content), instead: true, do: func(x *striking) {
		x.cut = true
		x.act()
		if parts := slices.Clone(x.c.Answer.Content.Parts); len(parts) > 0 {
			last := &parts[len(parts)-1]
			last.SHA256[0]++
			last.Size /= 2
			x.c.Answer.Content.Parts = parts
		}
	}})
	add(&departure{name: "removals do nothing from now on", at: kindsOf(detour.Remove), model: true, instead: true, do: func(x *striking) {
		x.model.RemovesNothing, x.notRemoved = true, true
		x.act()
	}})
	onlyCopies := func(name string, err error) {
		add(&departure{name: name, at: kindsOf(detour.Carry), model: true, instead: true, do: func(x *striking) {
			x.model.MovesCopy = true
			x.act()
			x.model.MovesCopy = false
			if err != nil && x.c.Answer.Err == nil && x.c.Answer.Carried.Once {
				x.c.Answer.Carried.Moved = false
				x.c.Fail(err)
			}
		}})
	}
	onlyCopies("the move only copies", nil)
	onlyCopies("the move fails, and leaves a copy", &driver.Error{Err: errors.New("the original could not be removed"), Answered: true})
	return all
}

// lastingTroubles last, apart from searches that leave out a folder and say so.
func lastingTroubles() (all []*departure) {
	add := func(d ...*departure) { all = append(all, d...) }
	add(unsearched("a folder cannot be searched", false), unsearched("another folder cannot be searched", true))
	add(&departure{name: "versions ignored from now on", at: kindsOf(detour.Mark, detour.Remove), model: true, instead: true, do: func(x *striking) {
		x.model.VersionsIgnored = true
		x.act()
	}})
	add(&departure{name: "refuses the way from now on", at: kindsOf(detour.Carry), model: true, instead: true, do: func(x *striking) {
		refused := map[driver.Way]bool{x.wouldCarry().Way: true}
		maps.Copy(refused, x.model.Refuses)
		x.model.Refuses = refused
		x.act()
	}})
	add(behind("searches 30 s behind", func(m *modelStage) { m.Lag = 30 * time.Second }))
	add(behind("searches 50 s behind", func(m *modelStage) { m.Lag = 50 * time.Second }))
	add(behind("searches linger 30 s", func(m *modelStage) { m.Linger = 30 * time.Second }))
	add(behind("search blind for 50 s to the first", func(m *modelStage) { m.blind(0) }))
	add(behind("search blind for 50 s to the last", func(m *modelStage) { m.blind(-1) }))
	return all
}

// othersDeeds are what people and other processes do, and what happens to this one.
func othersDeeds() (all []*departure) {
	add := func(d ...*departure) { all = append(all, d...) }
	for _, what := range []deed{files, discards} {
		add(amid("owner", alice, what), amid("analyst", vault, what))
	}
	for _, what := range []deed{files, discards, duplicates, edits, flags, reads, purges, recovers} {
		add(person("owner", alice, what))
	}
	for _, what := range []deed{files, discards, duplicates, flags, reads, purges} {
		add(person("analyst", vault, what))
	}
	add(&departure{name: "analyst renames the folder", do: func(x *striking) { x.rename() }})
	add(
		rivalOf("rival quarantines", key, true, taking), rivalOf("rival restores", key, true, returning), rivalOf("rival recovers", key, true, recovering),
		rivalOf("rival without the journal quarantines", key, false, taking), rivalOf("rival without the journal restores", key, false, returning),
		rivalOf("rival without the journal restores from the list", key, false, returningListed),
		rivalOf("another installation quarantines", otherKey, false, taking), rivalOf("another installation restores", otherKey, false, returning),
	)
	add(&departure{name: "crash", do: func(x *striking) { x.crash() }})
	add(&departure{name: "crash, journal lost", do: func(x *striking) {
		x.crash()
		x.book.intents = nil
	}})
	add(&departure{name: "almost 5 minutes go by", do: func(*striking) { time.Sleep(5*time.Minute - time.Second) }})
	add(&departure{name: "the doubt runs out", do: func(*striking) { time.Sleep(20*time.Minute + time.Second) }})
	return all
}
