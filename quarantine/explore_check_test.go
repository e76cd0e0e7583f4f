package quarantine_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// findings counts what must never happen.
type findings struct{ lost, doubled, untrue, notices int }

// String formats them as in the last line of an explorer, which mutate reads.
func (f findings) String() string {
	return fmt.Sprintf("lost=%d doubled=%d untrue=%d notices=%d", f.lost, f.doubled, f.untrue, f.notices)
}

func (f *findings) add(g findings) {
	f.lost, f.doubled, f.untrue, f.notices = f.lost+g.lost, f.doubled+g.doubled, f.untrue+g.untrue, f.notices+g.notices
}

// whereabouts is how many whole copies of a message there are with the user, in
// quarantine, and put aside. What lies in Recoverable Items does not count.
type whereabouts struct {
	user, taken, aside int
	newest             int // of these, with the newest text
	places             []string
}

func (c whereabouts) all() int { return c.user + c.taken + c.aside }

// census counts the copies of each message.
func (x *exploration) census() map[string]*whereabouts {
	counts := make(map[string]*whereabouts, len(x.tags))
	for _, tag := range x.tags {
		counts[tag] = &whereabouts{}
	}
	for _, mailbox := range []string{alice, vault} {
		for _, m := range x.in(mailbox, theID) {
			for tag, c := range counts {
				if !strings.Contains(m.Subject, tag) || !x.isWhole(m, tag) {
					continue
				}
				switch {
				case m.Mailbox == vault && strings.HasPrefix(m.Folder, "/Surplus"), isSurplus(m):
					c.aside++
				case m.Mailbox == alice:
					c.user++
				default:
					c.taken++
				}
				if edit := x.newest[tag]; edit == "" || strings.Contains(m.Subject, edit) {
					c.newest++
				}
				c.places = append(c.places, m.Mailbox[:1]+m.Folder)
			}
		}
	}
	return counts
}

// isWhole reports whether the text of a message is there to its end, if the
// server does not encode it.
func (x *exploration) isWhole(m *ewstest.Message, tag string) bool {
	return x.scene.odd.Has(ewstest.OddRecodedText) || bytes.Contains(m.MIME[bytes.Index(m.MIME, []byte("\r\n\r\n"))+1:], []byte(tag))
}

// isSurplus reports whether an item has the stamp of an item that was put aside.
func isSurplus(m *ewstest.Message) bool {
	state := m.Properties[ews.ExtendedField{GUID: driver.StampSet, Name: driver.StampState, Type: ews.TypeString}].Value
	parts := strings.Split(state, "|")
	return len(parts) > 1 && parts[1] == string(driver.Surplus)
}

// alive checks that a whole copy of each message exists, and one with its newest
// text, and that nobody was notified.
func (x *exploration) alive(when string) {
	for tag, c := range x.census() {
		switch gone := x.deleted[tag]; {
		case c.all() < x.scene.copies-gone:
			x.found(&x.counted.lost, "LOST %s: %s: %d, deleted by people %d", when, tag, c.all(), gone)
		case x.later && x.removal > 0 && x.edited[tag] > x.removal:
			// DeleteItem ignores an old change key: one that acts late removes what was
			// edited in the meantime.
		case gone == 0 && c.newest == 0 && !x.keysIgnored:
			x.found(&x.counted.lost, "LOST %s: the edit of %s", when, tag)
		}
	}
	if n := len(x.Notices()) - x.toldByPeople; n > x.counted.notices {
		x.counted.notices = n
		x.tell("NOTICES %s: %+v", when, x.Notices())
	}
}

func (x *exploration) found(count *int, format string, args ...any) {
	*count++
	x.tell(format, args...)
}

// meddled reports whether people have made or deleted copies, a rival has run in the
// other direction or with another key, or a copy was without its stamp, or has lost it to
// a mark that landed late: then a receipt may be out of date as soon as it is issued.
func (x *exploration) meddled() bool {
	return len(x.copied)+len(x.deleted) > 0 || x.rivalUndo || x.foreign || (x.nameless || x.late || x.keysIgnored && x.later) && x.lenient
}

// truthful checks that what a receipt calls done is done. If a search may fail
// to show what is there, the receipt may name fewer messages than there are.
func (x *exploration) truthful(r *quarantine.Receipt, err error) {
	if err != nil || r.Err() != nil || x.meddled() {
		return
	}
	named, at := 0, 0
	for _, it := range r.Items {
		if it.Outcome.Done() {
			named++
		}
	}
	quarantines := x.scene.direction == driver.ToQuarantine
	for tag, c := range x.census() {
		there, other := c.taken, c.user
		if !quarantines {
			there, other = other, there
		}
		at += there
		if x.unseen {
			continue
		}
		switch o := r.Outcome(); {
		case o == quarantine.NotFound && quarantines && c.user > 0,
			o.Done() && (other != 0 || there != x.scene.copies):
			x.found(&x.counted.untrue, "UNTRUE: %s, but %s is at %d and %d", o, tag, c.user, c.taken)
		}
	}
	if at < named {
		x.found(&x.counted.untrue, "UNTRUE: %d are done, but only %d are there", named, at)
	}
}

// settled checks the state at rest: each message exists once, at the right end.
func (x *exploration) settled(r *quarantine.Receipt, err error) {
	told := err != nil || r.Err() != nil
	for tag, c := range x.census() {
		at, other := c.taken, c.user
		if x.scene.direction == driver.ToUser {
			at, other = other, at
		}
		least, most := x.scene.copies-x.deleted[tag], x.scene.copies+x.copied[tag]
		switch {
		case x.foreign && c.user+c.taken >= least && other <= 2*most:
			// Two installations cannot read each other's stamps: each may have made a
			// copy, and may take what the other has put aside.
			x.twice = x.twice || c.user+c.taken > most
		case (x.nameless || x.late) && x.lenient && c.user+c.taken > most:
			// Nobody knows about a copy that has lost its stamp, and was moved or
			// not reached before it could get another one. A write that lands after
			// its lease has ended may meet another copy.
			x.twice = true
		case x.keysIgnored && (x.rivals || x.later) && x.lenient && c.user+c.taken > most:
			// The README says to run only one process in that case, and that a mark
			// that lands late replaces a newer one.
			x.twice = true
		case x.rivalUndo && x.lenient && c.user+c.taken > most && (x.rivalOpen || c.user+c.taken <= most+x.surplus):
			// A rival in the other direction has reported what it left; and it may take
			// what a restore has put into Deleted Items as one too many.
			x.twice = true
		case x.pretended && x.filed && x.unseen && x.lenient && c.user+c.taken == most+1:
			// The README names this, too: what was to be removed was moved at that moment,
			// and a search that could show it is behind.
			x.twice = true
		case c.user+c.taken > most && x.lenient && err == nil && r.Outcome() == quarantine.Undecided:
			x.open = true // as where nothing can be removed permanently
		case c.user+c.taken > most:
			x.found(&x.counted.doubled, "DOUBLED: %s is at %d and %d: %q", tag, c.user, c.taken, c.places)
		case x.rivalUndo && c.user+c.taken >= least, at >= least && other == 0, len(x.deleted) > 0 && at+c.aside >= least && other == 0,
			len(x.copied) > 0 && at >= least && other <= x.copied[tag]:
		case told && x.lenient:
			x.open = true
		default:
			x.found(&x.counted.untrue, "UNTRUE in the end: %s is at %d and %d (%d put aside); said: %t", tag, c.user, c.taken, c.aside, told)
		}
	}
	if open, _ := openIntents(x.t.Context(), x.journal); len(open) > 0 && !told && !x.twice {
		x.found(&x.counted.untrue, "UNTRUE: the journal has %d intents at rest, and nobody says so", len(open))
	}
	for _, was := range x.others {
		x.untouched(was)
	}
	x.state = x.canonical(r, err)
}

// untouched checks that a neighbour is as it was.
func (x *exploration) untouched(was *ewstest.Message) {
	now := x.Object(was.Object)
	if now != nil {
		a, b := *was, *now
		a.Folder, b.Folder, a.FolderID.ChangeKey, b.FolderID.ChangeKey = "", "", "", "" // people rename folders
		if reflect.DeepEqual(a, b) {
			return
		}
	}
	place := "nowhere"
	if now != nil {
		place = fmt.Sprintf("%s of %s, stamped=%t", now.Folder, now.Mailbox, stamped(now))
	}
	x.found(&x.counted.lost, "TOUCHED: %s in %s of %s: now in %s", was.MessageID, was.Folder, was.Mailbox, place)
}

// canonical describes the state at rest, so that equal ends can be counted.
func (x *exploration) canonical(r *quarantine.Receipt, err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%d/%t ", x.scene.direction, x.scene.twins, err != nil)
	if r != nil {
		fmt.Fprintf(&b, "%s ", r.Outcome())
		for _, it := range r.Items {
			fmt.Fprintf(&b, "%s %s %t,", it.Outcome, it.Way, it.Residue != "")
		}
	}
	counts := x.census()
	for _, tag := range x.tags {
		c := counts[tag]
		slices.Sort(c.places)
		fmt.Fprintf(&b, " %s %d %d %d %q", tag, c.user, c.taken, c.aside, c.places)
	}
	return b.String()
}
