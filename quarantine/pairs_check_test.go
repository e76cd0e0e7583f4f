package quarantine_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// The checks after each call go by the numbers of objects, never by ids.

// bad counts something that must never happen.
func (x *play) bad(count *int, format string, args ...any) {
	*count++
	what := fmt.Sprintf(format, args...)
	x.wrong = append(x.wrong, what)
	x.tell("WRONG: %s", what)
}

// guard watches what is permanently removed.
func (x *play) guard() {
	if x.model == nil {
		return
	}
	x.model.Removing = x.removing
}

// removing checks that what is permanently removed is an original, or what the move of
// one has left, while another object with its attempt and its text, or a newer text,
// exists.
func (x *play) removing(o *twobox.Object) {
	from, other := alice, vault
	if o.Stamp == nil {
		x.bad(&x.lost, "object %d is removed for good, and has no stamp", o.Number)
		return
	}
	if o.Stamp.Direction == driver.ToUser {
		from, other = vault, alice
	}
	if o.Box != from || o.Stamp.Direction == driver.Surplus {
		x.bad(&x.lost, "object %d is removed for good at the destination", o.Number)
	}
	hidden := x.model.Folders[o.Folder].Recoverable
	edited := x.model.VersionsIgnored || x.model.RemovesUnchecked // a documented limitation
	for _, c := range x.model.Objects {
		if c == nil || c == o || c.Message != o.Message || x.model.Folders[c.Folder].Recoverable {
			continue
		}
		same := c.Stamp != nil && c.Stamp.Attempt == o.Stamp.Attempt || c.Stamp == nil && o.Stamp.Direction == driver.ToUser
		if hidden || x.foreign || c.Box == other && same && (!c.Cut || o.Cut) && (edited || c.Edition >= o.Edition) {
			return
		}
	}
	if !x.deleted {
		x.bad(&x.lost, "object %d is removed for good, and no copy with its attempt and text is alive", o.Number)
	}
}

// stampAt returns the stamp of the object that a call is about, as the server has it.
func (x *play) stampAt(c *detour.Call) *driver.Stamp {
	if x.model == nil || c.Kind != detour.Mark {
		return nil
	}
	for _, o := range x.model.In(c.Box, false) {
		if o.ID == c.Item.ID {
			return o.Stamp
		}
	}
	return nil
}

// account checks each call against what may still be on its way.
func (x *play) account(c *detour.Call, was *driver.Stamp, now time.Time) {
	err := c.Answer.Err
	done := err == nil || !driver.Untouched(err) && !errors.Is(err, driver.ErrGone) && !errors.Is(err, driver.ErrConflict)
	if !done || x.foreign {
		return
	}
	switch c.Kind {
	case detour.Carry:
		x.accountCarry(c, now)
	case detour.Mark:
		// The stamp of an original stays as long as anything of its attempt may arrive.
		off := c.Change.Clear || c.Change.Stamp != nil && was != nil && c.Change.Stamp.Attempt != was.Attempt
		if was == nil || !off || c.Box != endOf(was.Direction) {
			return
		}
		for _, s := range x.sent {
			if s.attempt == was.Attempt && s.open && now.Before(s.lease) && !x.versionsIgnored() {
				x.bad(&x.untrue, "the stamp is taken off while its attempt may still arrive")
			}
		}
	}
}

func (x *play) versionsIgnored() bool { return x.model != nil && x.model.VersionsIgnored }

// endOf returns where the originals of a direction are.
func endOf(d driver.Direction) string {
	if d == driver.ToUser {
		return vault
	}
	return alice
}

// accountCarry checks that a carry is sent under its lease, and not alongside another.
func (x *play) accountCarry(c *detour.Call, now time.Time) {
	stamp := c.Item.Stamp
	if stamp == nil {
		x.bad(&x.doubled, "an item without a stamp is sent")
		return
	}
	if !now.Before(stamp.Lease) {
		x.bad(&x.doubled, "it is sent after the lease")
	}
	mine := sending{
		operation: stamp.Operation, attempt: stamp.Attempt, direction: stamp.Direction, lease: stamp.Lease,
		once: c.Answer.Carried.Once, open: c.Answer.Err != nil && !driver.Answered(c.Answer.Err),
		copied: c.Answer.Err == nil && !c.Answer.Carried.Once,
	}
	for _, s := range x.sent {
		if s.attempt == mine.attempt && s.copied {
			x.bad(&x.doubled, "it is sent again, though the server has said that it has copied it")
		}
		again := s.attempt == mine.attempt && s.once && mine.once
		if s.operation == mine.operation && s.direction == mine.direction && s.open && now.Before(s.lease) && !again && !x.versionsIgnored() {
			x.bad(&x.doubled, "it is sent while the attempt before it may still arrive")
		}
	}
	x.sent = append(x.sent, mine)
}

// alive checks that a whole copy of each message exists, with its newest text, and
// that nothing of another message was touched.
func (x *play) alive(when string) {
	if x.model == nil {
		return
	}
	unchecked := x.model.VersionsIgnored || x.model.RemovesUnchecked // a documented limitation
	for message, m := range x.model.Messages {
		newest, alive, touched := x.newest(message), false, true
		for _, o := range x.model.Objects {
			if o == nil || o.Message != message {
				continue
			}
			alive = alive || !o.Cut && !x.model.Folders[o.Folder].Recoverable && (o.Edition == newest || unchecked)
			touched = touched && (o.Version != 1 || o.Stamp != nil)
		}
		switch {
		case m.ID != theID && touched:
			x.bad(&x.lost, "another message was touched, %s", when)
		case m.ID == theID && !alive && !x.deleted:
			x.bad(&x.lost, "message %d, %s", message, when)
		}
	}
}

// newest returns the newest edition of a message that a person has made.
func (x *play) newest(message int) int { return x.editions[message] }

// truthful checks that what a receipt calls done is done.
func (x *play) truthful(r *quarantine.Receipt, err error) {
	if err != nil || r.Err() != nil || x.copied > 0 || x.deleted || x.undone || x.foreign || x.nameless() || x.lateAndMore() {
		return
	}
	for message := range x.copies {
		u, v, _ := x.count(message)
		switch o := r.Outcome(); {
		case o == quarantine.NotFound && x.direction == driver.ToQuarantine && u > 0 && x.known(message):
			x.bad(&x.untrue, "notFound, but message %d is with the user", message)
		case x.direction == driver.ToQuarantine && u == 1 && v <= 1 && !x.known(message): // the search did not show it
		case (o == quarantine.Quarantined || o == quarantine.AlreadyQuarantined) && (u != 0 || v != 1),
			(o == quarantine.Restored || o == quarantine.AlreadyRestored) && (u != 1 || v != 0):
			x.bad(&x.untrue, "%s, but message %d is at %d and %d", o, message, u, v)
		}
	}
}

// lateAndMore reports whether a request takes effect when nobody expects it any more,
// and something else goes differently, too: then the copy that it makes may be
// reported and put aside later than in the run that ends the history.
func (x *play) lateAndMore() bool { return x.tooLate && len(x.twists) > 1 }

// nameless reports whether a copy may be without its stamp and unknown to everyone: it
// was moved, or the request that made it was not answered, or nobody who was told is
// left.
func (x *play) nameless() bool { return x.unstamped || x.bare && len(x.twists) > 1 }

// known reports whether a search that does not find a message must not be trusted: it
// is searched for because of an intent, or would have been shown.
func (x *play) known(message int) bool {
	if x.model == nil {
		return true
	}
	return slices.ContainsFunc(x.model.In(alice, false), func(o *twobox.Object) bool {
		intended := slices.ContainsFunc(x.book.intents, func(in quarantine.Intent) bool { return o.Stamp != nil && in.Operation == o.Stamp.Operation })
		return o.Message == message && o.Stamp != nil && (intended && x.journal || x.model.Shown(o))
	})
}

// honest checks the receipt of a recovery: what it calls done has left where it was.
func (x *play) honest(r *quarantine.Receipt) {
	if r.Err() != nil || x.copied > 0 || x.deleted || x.undone || x.foreign || x.nameless() || x.lateAndMore() || x.copies > 1 {
		return
	}
	u, v, _ := x.count(0)
	switch o := r.Outcome(); {
	case (o == quarantine.Quarantined || o == quarantine.AlreadyQuarantined) && (u != 0 || v != 1),
		(o == quarantine.Restored || o == quarantine.AlreadyRestored) && (u != 1 || v != 0):
		x.bad(&x.untrue, "recovered: %s, but it is at %d and %d", o, u, v)
	}
}

// rest lets everything come to rest, has the recovery and a second run settle it,
// and judges.
func (x *play) rest(run func(p act) (told bool)) {
	for range 3 {
		run(act{true, 0})
		x.alive("after the recovery")
		if len(x.book.intents) == 0 {
			break
		}
		time.Sleep(time.Hour)
	}
	told := false
	for range 2 {
		if told = run(ask); !told {
			break
		}
		time.Sleep(time.Hour)
	}
	x.alive("in the end")
	if len(x.book.intents) > 0 && !(x.foreign && x.notRemoved && told) { // the other installation has not come to its end
		x.bad(&x.untrue, "the journal has %d intents at rest", len(x.book.intents))
	}
	for message := range x.copies {
		x.verdict(message, told)
	}
}

// verdict judges where the copies of a message are in the end.
func (x *play) verdict(message int, told bool) {
	u, v, _ := x.count(message)
	at, other := v, u
	if x.direction == driver.ToUser {
		at, other = u, v
	}
	// What people copied lies where they put it. With two installations, nobody
	// knows whose stamp is genuine, so each may have a copy.
	more, left := x.copied, 0
	if x.direction == driver.ToUser {
		left = x.analystCopied
	}
	if x.foreign {
		more = 2*more + 2
	}
	if x.nameless() {
		more++
	}
	if (x.editions[message] > 0 || x.cut) && len(x.twists) > 1 {
		more++ // what was edited or cut on its way is put aside, and is another message to whoever takes it there
	}
	if x.lateAndMore() {
		more++
	}
	switch {
	case x.undone && u+v >= 1 && u+v <= 1+more: // the other direction may have been the last
	case x.undone && x.notRemoved && x.rivalOpen && told && u+v == 2: // and has said that it did not come to its end
	case x.foreign && u+v >= 1 && u+v <= 1+more:
	case x.deleted && u+v <= 1, more > 0 && at >= 1 && at <= 1+more && other <= left:
	case u+v > 1+more:
		x.bad(&x.doubled, "message %d is at %d and %d in the end", message, u, v)
	case (at != 1 || other != 0) && !told:
		x.bad(&x.untrue, "in the end message %d is at %d and %d, and nobody says so", message, u, v)
	case at != 1 || other != 0:
		x.bad(&x.untrue, "in the end message %d is at %d and %d", message, u, v)
	}
}

// kindsOf returns in which calls a departure can happen.
func kindsOf(kinds ...detour.Kind) func(detour.Kind) bool {
	return func(k detour.Kind) bool { return slices.Contains(kinds, k) }
}
