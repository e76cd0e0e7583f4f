package passage_test

import (
	"context"
	"errors"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

var (
	errLost    = &driver.Error{Err: errors.New("no answer"), Temporary: true}
	errBusy    = &driver.Error{Err: errors.New("busy"), Untouched: true, Answered: true, Temporary: true}
	errDenied  = &driver.Error{Err: errors.New("denied"), Untouched: true, Answered: true}
	errChanged = &driver.Error{Err: driver.ErrConflict, Untouched: true, Answered: true}
	errFailed  = &driver.Error{Err: errors.New("internal error"), Answered: true}
)

// turn is something that goes differently at a call.
type turn struct {
	name   string
	writes bool // it makes sense only at a write
	do     func(*scene, *detour.Call)
}

// fails makes a call fail; the server has not acted.
func fails(err error) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		c.Answer.Carried = s.carried()
		c.Fail(err)
	}
}

// carried describes how the first way carries.
func (s *scene) carried() driver.Carried {
	return driver.Carried{Way: s.way, Faithful: s.way != driver.WayMIME, Once: s.way == driver.WayMove}
}

// acted makes a call fail after the server has acted.
func acted(err error) func(*scene, *detour.Call) {
	return func(_ *scene, c *detour.Call) {
		if c.Act(); c.Answer.Err == nil {
			c.Fail(err)
		}
	}
}

// says makes a call succeed, though the server does nothing.
func says(s *scene, c *detour.Call) {
	c.Answer = detour.Answer{Item: c.Item, Carried: s.carried()}
	if c.Change.Stamp != nil || c.Change.Clear {
		c.Answer.Item.Stamp = c.Change.Stamp
	}
}

// then makes something happen before the server acts.
func then(do func(*scene)) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		do(s)
		c.Act()
	}
}

// each has somebody do something to everything they see in a mailbox.
func each(box string, do func(*scene, *twobox.Object)) func(*scene, *detour.Call) {
	return then(func(s *scene) {
		for _, o := range s.In(box, false) {
			do(s, o)
		}
	})
}

// strip takes the stamp off, as a person can with the right program.
func strip(_ *scene, o *twobox.Object) {
	o.Stamp = nil
	o.Version++
}

func purge(s *scene, o *twobox.Object) { s.Purge(o) }

// peruse changes the read state.
func peruse(_ *scene, o *twobox.Object) {
	o.Read = !o.Read
	o.Version++
}

// always makes all further calls of the kind to the same mailbox go differently.
func always(do func(*scene, *detour.Call)) func(*scene, *detour.Call) {
	return func(s *scene, first *detour.Call) {
		do(s, first)
		s.twist = func(c *detour.Call) {
			if c.Kind == first.Kind && c.Box == first.Box {
				do(s, c)
			} else {
				c.Act()
			}
		}
	}
}

// soon loses the answer to a call, and makes something happen to each item of the
// mailbox that is read next.
func soon(do func(*scene, *twobox.Object)) func(*scene, *detour.Call) {
	return soonAfter(acted(errLost), do)
}

// soonAfter is the same for a call that goes differently in some other way.
func soonAfter(first func(*scene, *detour.Call), do func(*scene, *twobox.Object)) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		first(s, c)
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Inspect {
				s.twist = nil
				for _, o := range s.In(c.Box, false) {
					do(s, o)
				}
			}
			c.Act()
		}
	}
}

// unsearched makes a search report that it could not search a folder, after it has
// shown everything there is, or nothing.
func unsearched(shows bool) func(*scene, *detour.Call) {
	return func(_ *scene, c *detour.Call) {
		if c.Act(); c.Kind != detour.Find {
			return
		}
		if !shows {
			c.Answer.Found.Items = nil
		}
		c.Answer.Found.Unsearched = []driver.Unsearched{{Folder: driver.Folder{Path: "/Closed"}, Reason: "no right to it"}}
	}
}

// unreadable makes all content unreadable from a call on.
func unreadable(first func(*scene, *detour.Call)) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		s.twist = nil
		first(s, c)
		s.twist = func(c *detour.Call) {
			if c.Act(); c.Kind == detour.Content {
				c.Fail(errDenied)
			}
		}
	}
}

// slow makes each call of a kind take the given time before the server acts.
func slow(d time.Duration) func(*scene, *detour.Call) {
	return func(_ *scene, c *detour.Call) {
		time.Sleep(d)
		c.Act()
	}
}

// editedThen has the original edited, and then makes calls of a kind to the other end
// go differently.
func editedThen(kind detour.Kind, do func(*scene, *detour.Call)) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		originals(func(s *scene, o *twobox.Object) { s.Edit(o) })(s, c)
		s.twist = func(c *detour.Call) {
			if there := c.Box == vault; c.Kind == kind && there == (s.sends == driver.ToQuarantine) {
				do(s, c)
				return
			}
			c.Act()
		}
	}
}

// originals has somebody do something to what is sent, at the end it comes from.
func originals(do func(*scene, *twobox.Object)) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		box := alice
		if s.sends == driver.ToUser {
			box = vault
		}
		each(box, do)(s, c)
	}
}

// fromThen makes a write fail, and then each reading of an item.
func fromThen(first error, acts bool, then error) func(*scene, *detour.Call) {
	return func(s *scene, c *detour.Call) {
		if acts {
			acted(first)(s, c)
		} else {
			fails(first)(s, c)
		}
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Inspect {
				c.Fail(then)
				return
			}
			c.Act()
		}
	}
}

// rival is another process that sends what it sees in a direction.
func rival(d driver.Direction) func(*scene, *detour.Call) {
	return then(func(s *scene) { s.again(context.Background(), d) })
}

var turns = []turn{
	{"lost", false, fails(errLost)},
	{"lost, and acted", true, acted(errLost)},
	{"late", true, func(s *scene, c *detour.Call) { s.Delay(5 * time.Minute); c.Act() }},
	{"busy", false, fails(errBusy)},
	{"denied", false, fails(errDenied)},
	{"failed", false, fails(errFailed)},
	{"failed, and acted", true, acted(errFailed)},
	{"gone", false, fails(&driver.Error{Err: driver.ErrGone, Untouched: true, Answered: true})},
	{"changed", true, fails(errChanged)},
	{"says so only", true, says},
	{"stamps lost", true, then(func(s *scene) { s.StampsLost = true })},
	{"searches behind", true, then(func(s *scene) { s.Lag = 50 * time.Second })},
	{"user files", false, each(alice, func(s *scene, o *twobox.Object) { s.File(o) })},
	{"user edits", false, each(alice, func(s *scene, o *twobox.Object) { s.Edit(o) })},
	{"user reads", false, each(alice, peruse)},
	{"user purges", false, each(alice, func(s *scene, o *twobox.Object) { s.Purge(o) })},
	{"analyst files", false, each(vault, func(s *scene, o *twobox.Object) { s.File(o) })},
	{"analyst edits", false, each(vault, func(s *scene, o *twobox.Object) { s.Edit(o) })},
	{"rival takes", false, rival(driver.ToQuarantine)},
	{"rival restores", false, rival(driver.ToUser)},
	{"user copies", false, each(alice, func(s *scene, o *twobox.Object) { s.Duplicate(o) })},
	{"analyst copies", false, each(vault, func(s *scene, o *twobox.Object) { s.Duplicate(o) })},
	{"analyst purges", false, each(vault, func(s *scene, o *twobox.Object) { s.Purge(o) })},
	{"stripped in the mailbox", false, each(alice, strip)},
	{"stripped in quarantine", false, each(vault, strip)},
	{"searches linger", true, then(func(s *scene) { s.Linger = time.Hour })},
	{"lost for long", false, always(fails(errLost))},
	{"lost for long, and acted", true, always(acted(errLost))},
	{"busy for long", false, always(fails(errBusy))},
	{"failed for long", true, always(fails(errFailed))},
	{"changed for long", true, always(fails(errChanged))},
	{"says so only, for long", true, always(says)},
	{"copy is short", true, then(func(s *scene) { s.short = true })},
	{"original purged, and copy is short", false, func(s *scene, c *detour.Call) {
		s.short = true
		originals(purge)(s, c)
	}},
	{"original purged", false, originals(purge)},
	{"original edited, and content unreadable", false, unreadable(originals(func(s *scene, o *twobox.Object) { s.Edit(o) }))},
	{"original filed, and content unreadable", false, unreadable(originals(func(s *scene, o *twobox.Object) { s.File(o) }))},
	{"original edited, and marks of the copy denied", false, editedThen(detour.Mark, fails(errDenied))},
	{"original edited, and marks of the copy do nothing", false, editedThen(detour.Mark, says)},
	{"original edited, and the copy cannot be read when it has been marked", false, editedThen(detour.Mark, func(s *scene, c *detour.Call) {
		c.Act()
		s.twist = refuse(detour.Inspect)
	})},
	{"original edited, and putting aside does nothing", false, editedThen(detour.Shelve, says)},
	{"takes 6 minutes", false, slow(6 * time.Minute)},
	{"takes 25 minutes", false, slow(25 * time.Minute)},
	{"takes 6 minutes for long", true, always(slow(6 * time.Minute))},
	{"takes 25 minutes for long", true, always(slow(25 * time.Minute))},
	{"acted, crash, and content unreadable", true, func(s *scene, c *detour.Call) {
		s.closed = true
		c.Act()
		s.crash()
		c.Fail(errLost)
	}},
	{"lost, acted, and content unreadable", true, unreadable(acted(errLost))},
	{"lost, acted, and soon filed", true, soon(func(s *scene, o *twobox.Object) { s.File(o) })},
	{"lost, acted, and soon edited", true, soon(func(s *scene, o *twobox.Object) { s.Edit(o) })},
	{"busy, and soon edited", true, soonAfter(fails(errBusy), func(s *scene, o *twobox.Object) { s.Edit(o) })},
	{"lost, then busy, and soon edited", true, func(s *scene, first *detour.Call) {
		fails(errLost)(s, first)
		s.twist = func(c *detour.Call) {
			if c.Kind == first.Kind && c.Box == first.Box {
				soonAfter(fails(errBusy), func(s *scene, o *twobox.Object) { s.Edit(o) })(s, c)
				return
			}
			c.Act()
		}
	}},
	{"late, and the run is cut when it sends it again", true, func(s *scene, first *detour.Call) {
		s.Delay(5 * time.Minute)
		first.Act()
		s.twist = func(c *detour.Call) {
			if c.Kind != first.Kind || c.Box != first.Box {
				c.Act()
				return
			}
			s.twist = nil
			s.crash()
			c.Fail(&driver.Error{Err: context.Canceled, Untouched: true, Answered: true})
		}
	}},
	{"lost, acted, and searches behind", true, func(s *scene, c *detour.Call) {
		s.Lag = 50 * time.Second
		acted(errLost)(s, c)
	}},
	{"a folder cannot be searched", false, unsearched(false)},
	{"a folder cannot be searched for long", false, always(unsearched(false))},
	{"another folder cannot be searched for long", false, always(unsearched(true))},
	{"lost, acted, and soon stripped", true, soon(strip)},
	{"lost, acted, and soon another's", true, soon(func(_ *scene, o *twobox.Object) {
		if o.Stamp != nil {
			other := *o.Stamp
			other.Attempt = driver.NewOperation()
			o.Stamp = &other
			o.Version++
		}
	})},
	{"lost, acted, and soon duplicated", true, soon(func(s *scene, o *twobox.Object) { s.Duplicate(o) })},
	{"lost, acted, and soon purged", true, soon(func(s *scene, o *twobox.Object) { s.Purge(o) })},
	{"lost, acted, crash, and another message", true, func(s *scene, c *detour.Call) {
		c.Act()
		s.Messages = append(s.Messages, twobox.Message{ID: "<2@evil.example>", Subject: "Invoice"})
		for _, box := range []string{alice, vault} {
			for _, o := range s.In(box, false) {
				if o.Box != c.Box {
					o.Message = 1
				}
			}
		}
		s.crash()
		c.Fail(errLost)
	}},
	{"lost, and reads denied", true, fromThen(errLost, false, errDenied)},
	{"lost, acted, and reads denied", true, fromThen(errLost, true, errDenied)},
	{"lost, and reads busy", true, fromThen(errLost, false, errBusy)},
	{"busy, and reads denied", true, fromThen(errBusy, false, errDenied)},
	{"busy, and reads busy", true, fromThen(errBusy, false, errBusy)},
	{"denied, and reads denied", true, fromThen(errDenied, false, errDenied)},
	{"changed, and reads busy", true, fromThen(errChanged, false, errBusy)},
	{"changed, and reads denied", true, fromThen(errChanged, false, errDenied)},
	{"changed, and reads failed", true, fromThen(errChanged, false, errFailed)},
	{"stamps lost, and nothing can be put aside", true, func(s *scene, c *detour.Call) {
		s.StampsLost = true
		c.Act()
		s.twist = refuse(detour.Shelve)
	}},
	{"user reads, and again before the next change", false, func(s *scene, c *detour.Call) {
		read := each(alice, peruse)
		read(s, c)
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Mark && c.Box == alice {
				s.twist = nil
				read(s, c)
				return
			}
			c.Act()
		}
	}},
	{"user edits, and nothing can be put aside", false, func(s *scene, c *detour.Call) {
		each(alice, func(s *scene, o *twobox.Object) { s.Edit(o) })(s, c)
		s.twist = refuse(detour.Shelve)
	}},
	{"user edits, and there is no shelf", false, func(s *scene, c *detour.Call) {
		each(alice, func(s *scene, o *twobox.Object) { s.Edit(o) })(s, c)
		s.engine.Shelf = func(context.Context) (driver.Folder, error) { return driver.Folder{}, errDenied }
	}},
	{"user reads again and again", false, func(s *scene, c *detour.Call) {
		read := each(alice, peruse)
		s.twist = func(c *detour.Call) { read(s, c) }
		s.twist(c)
	}},
	{"Recoverable Items are searched", true, then(func(s *scene) { s.deep = true })},
	{"acted, crash, Recoverable Items are searched", true, func(s *scene, c *detour.Call) {
		s.deep = true
		c.Act()
		s.crash()
		c.Fail(errLost)
	}},
	{"crash", false, func(s *scene, c *detour.Call) {
		s.crash()
		c.Fail(&driver.Error{Err: context.Canceled, Untouched: true, Answered: true})
	}},
}
