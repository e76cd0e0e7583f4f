package passage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// start is what a passage finds: an item stamped by a run that crashed before it
// carried the item, and what has become of it since.
type start struct {
	name    string
	since   func(*scene, *driver.Stamp) // changes the stamp, or more
	carried bool                        // the run crashed after it had carried the item
	other   bool                        // the run had finished sending it in the other direction
	after   time.Duration               // since the crash
	keep    bool                        // the journal is still there
	how     func(*scene, *passage.Passage)
}

// unread has none of the optional capabilities of a driver.
type unread struct{ driver.Mailbox }

func plain(_ *scene, p *passage.Passage) { p.From, p.To = unread{p.From}, unread{p.To} }

// purged has somebody permanently delete the original after it has been seen.
func purged(s *scene, p *passage.Passage) {
	for _, o := range s.In(p.From.Address(), false) {
		s.Purge(o)
	}
}

// waits makes the engine wait for other runs, as it must where change keys are ignored.
func waits(s *scene, stamp *driver.Stamp) {
	*stamp = driver.Stamp{}
	s.engine.MarkWait = 30 * time.Second
}

// nth makes the nth call of one kind or the other go differently.
func nth(n int, kind, other detour.Kind, do func(*scene, *detour.Call)) func(*scene, *passage.Passage) {
	return func(s *scene, _ *passage.Passage) {
		left := n
		s.twist = func(c *detour.Call) {
			if c.Kind == kind || c.Kind == other {
				if left--; left == 0 {
					do(s, c)
					return
				}
			}
			c.Act()
		}
	}
}

// broken is a journal that cannot be written or read.
type broken struct{ ledger }

func (broken) Knows(context.Context, string) (bool, error) { return false, errors.New("disk full") }
func (broken) Begin(context.Context, driver.Stamp, driver.Item) error {
	return errors.New("disk full")
}

// content makes every reading of content fail, second every one but the first.
func content(err error) func(*scene, *passage.Passage) {
	return func(s *scene, _ *passage.Passage) {
		s.twist = func(c *detour.Call) {
			if c.Act(); c.Kind == detour.Content {
				c.Fail(err)
			}
		}
	}
}

func second(err error) func(*scene, *passage.Passage) {
	return func(s *scene, _ *passage.Passage) {
		reads := 0
		s.twist = func(c *detour.Call) {
			c.Act()
			if c.Kind == detour.Content {
				if reads++; reads > 1 {
					c.Fail(err)
				}
			}
		}
	}
}

var starts = []start{
	{name: "nothing", since: func(_ *scene, s *driver.Stamp) { *s = driver.Stamp{} }},
	{name: "a driver that reads nothing and puts nothing aside", since: func(_ *scene, s *driver.Stamp) { *s = driver.Stamp{} }, how: plain},
	{name: "change keys ignored, nothing", since: waits},
	{name: "change keys ignored, and the first look denied", since: waits, how: nth(1, detour.Inspect, detour.Inspect, func(_ *scene, c *detour.Call) { c.Fail(errDenied) })},
	{name: "change keys ignored, and the first look takes 20 s", since: waits, how: nth(1, detour.Inspect, detour.Inspect, func(_ *scene, c *detour.Call) {
		c.Act()
		time.Sleep(20 * time.Second)
	})},
	{name: "change keys ignored, and a rival that has read it marks it 14 s later", since: waits, how: func(s *scene, p *passage.Passage) {
		var marked time.Time
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Inspect && !marked.IsZero() && time.Since(marked) > 14*time.Second {
				o := s.In(c.Box, false)[0]
				other := *o.Stamp
				other.Attempt = driver.NewOperation()
				o.Stamp, s.twist = &other, nil
				o.Version++
			}
			if c.Act(); c.Kind == detour.Mark && marked.IsZero() {
				marked = time.Now()
			}
		}
	}},
	{name: "no journal, nothing", since: func(_ *scene, s *driver.Stamp) { *s = driver.Stamp{} }, how: func(_ *scene, p *passage.Passage) { p.Ledger = broken{} }},
	{name: "sealed, lease runs", keep: true},
	{name: "sealed, lease runs, hurried", keep: true, how: func(_ *scene, p *passage.Passage) { p.Hurried = true }},
	{name: "sealed, lease runs, and purged meanwhile", keep: true, how: purged},
	{name: "sealed, lease is over", keep: true, after: time.Hour},
	{name: "sealed, lease is over, and the folder is denied the second time", keep: true, after: time.Hour, how: nth(2, detour.Folder, detour.Home, func(_ *scene, c *detour.Call) { c.Fail(errDenied) })},
	{name: "sealed, lease is over, and filed when no copy has been seen", keep: true, after: time.Hour, how: nth(7, detour.Inspect, detour.Inspect, func(s *scene, c *detour.Call) {
		for _, o := range s.In(c.Box, false) {
			s.File(o)
			s.Blind(o, 50*time.Second)
		}
		c.Act()
	})},
	{name: "sealed, journal lost", after: time.Hour},
	{name: "sealed, journal broken", after: time.Hour, how: func(_ *scene, p *passage.Passage) { p.Ledger = broken{} }},
	{name: "sealed by the old key", since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = [][]byte{[]byte("newest"), []byte("new")} }, after: time.Hour},
	{name: "sealed by an unknown key", since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = [][]byte{[]byte("newest")} }, after: time.Hour},
	{name: "no keys", since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = nil }, after: time.Hour},
	{name: "no keys, a driver that reads nothing", since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = nil }, after: time.Hour, how: plain},
	{name: "another attempt", since: func(_ *scene, s *driver.Stamp) { s.Attempt = driver.NewOperation() }},
	{name: "another print", since: func(_ *scene, s *driver.Stamp) { s.Print = "x" }, keep: true},
	{name: "a lease that is too long", since: func(_ *scene, s *driver.Stamp) { s.Lease = s.Lease.Add(2 * time.Hour) }, keep: true},
	{name: "a lease of more than a day", since: func(_ *scene, s *driver.Stamp) { s.Lease = s.Lease.Add(24 * time.Hour) }, keep: true},
	{name: "no keys, a lease that is too long", since: func(sc *scene, s *driver.Stamp) {
		sc.engine.Keys, s.Lease = nil, s.Lease.Add(2*time.Hour)
	}},
	{name: "another mailbox", since: func(_ *scene, s *driver.Stamp) { s.Mailbox = "bob@example.test" }, keep: true},
	{name: "another mailbox, and the lease is over", since: func(_ *scene, s *driver.Stamp) { s.Mailbox = "bob@example.test" }, keep: true, after: time.Hour},
	{name: "another mailbox, which nobody knows of", since: func(_ *scene, s *driver.Stamp) { s.Mailbox = "bob@example.test" }},
	{name: "the mailbox in capitals", since: func(_ *scene, s *driver.Stamp) { s.Mailbox = strings.ToUpper(s.Mailbox) }, keep: true, after: time.Hour},
	{name: "a name in use", keep: true, how: func(_ *scene, p *passage.Passage) { p.NameInUse = func(string) bool { return true } }},
	{name: "surplus", since: func(_ *scene, s *driver.Stamp) { s.Direction = driver.Surplus }, keep: true},
	{name: "version 1, known", since: func(_ *scene, s *driver.Stamp) { s.Attempt, s.Lease = "", time.Time{} }, keep: true},
	{name: "version 1, carried and not removed", keep: true, since: func(s *scene, stamp *driver.Stamp) {
		stamp.Attempt, stamp.Lease = "", time.Time{}
		box := vault
		if stamp.Direction == driver.ToUser {
			box = alice
		}
		copied := s.deliver()
		copied.Box, copied.Folder, copied.Stamp, copied.Message = box, s.FolderOf(box, "inbox"), stamp, 0
	}},
	{name: "version 1, not known", since: func(_ *scene, s *driver.Stamp) { s.Attempt, s.Lease = "", time.Time{} }},
	{name: "the other way, lease runs", other: true, keep: true},
	{name: "the other way, lease is over", other: true, keep: true, after: time.Hour},
	{name: "the other way, known to be finished", other: true, how: func(_ *scene, p *passage.Passage) { p.Finished = true }},
	{name: "the other way, and not removed", other: true, after: time.Hour, since: func(s *scene, stamp *driver.Stamp) {
		box := vault
		if stamp.Direction == driver.ToQuarantine {
			box = alice
		}
		s.Deliver(box, twobox.Message{ID: "<1@evil.example>"}).Stamp = stamp
	}},
	{name: "the other way, an older attempt is there", other: true, after: time.Hour, since: func(s *scene, stamp *driver.Stamp) {
		older := *stamp
		older.Attempt = driver.NewOperation()
		s.Deliver(alice, twobox.Message{ID: "<1@evil.example>"}).Stamp = &older
		s.Deliver(vault, twobox.Message{ID: "<1@evil.example>"}).Stamp = &older
	}},
	{name: "carried", carried: true, keep: true},
	{name: "carried, journal lost", carried: true},
	{name: "carried, no keys", carried: true, since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = nil }},
	{name: "carried, and short", carried: true, keep: true, since: func(s *scene, _ *driver.Stamp) { s.short = true }},
	{name: "carried, and purged, and the copy is another message with the Message-ID", carried: true, keep: true, how: func(s *scene, p *passage.Passage) {
		purged(s, p)
		s.Messages = append(s.Messages, twobox.Message{ID: "<1@evil.example>", Subject: "Invoice", Received: time.Date(2026, 11, 21, 8, 30, 0, 0, time.UTC)})
		for _, o := range s.In(p.To.Address(), false) {
			o.Message = len(s.Messages) - 1
		}
	}},
	{name: "carried, content unreadable", carried: true, keep: true, how: content(errDenied)},
	{name: "carried, content unreadable, no keys", carried: true, since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = nil }, how: content(errDenied)},
	{name: "carried, copy unreadable, no keys", carried: true, since: func(s *scene, _ *driver.Stamp) { s.engine.Keys = nil }, how: second(errDenied)},
	{name: "carried, copy unreadable", carried: true, keep: true, how: second(errDenied)},
	{name: "carried, copy gone", carried: true, keep: true, how: second(driver.ErrGone)},
	{name: "carried, content busy", carried: true, keep: true, how: content(errBusy)},
	{name: "carried, content gone", carried: true, keep: true, how: content(&driver.Error{Err: driver.ErrGone, Untouched: true, Answered: true})},
	{name: "carried, a driver that reads nothing", carried: true, keep: true, how: plain},
	{name: "carried, a driver that reads nothing at one end", carried: true, keep: true, how: func(_ *scene, p *passage.Passage) { p.To = unread{p.To} }},
	{name: "carried, a driver that reads nothing at the other end", carried: true, keep: true, how: func(_ *scene, p *passage.Passage) { p.From = unread{p.From} }},
	{name: "leftovers stay", since: func(s *scene, stamp *driver.Stamp) { *stamp = driver.Stamp{}; s.engine.Leaves = true }},
	{name: "no shelf", since: func(s *scene, stamp *driver.Stamp) {
		*stamp = driver.Stamp{}
		s.engine.Shelf = func(context.Context) (driver.Folder, error) { return driver.Folder{}, errDenied }
	}},
}

// play has a run stamp the item and crash, and another run find it.
func (x start) play(t *testing.T, s *scene, d driver.Direction) string {
	o := s.deliver()
	first := d
	if x.other {
		first = map[driver.Direction]driver.Direction{driver.ToQuarantine: driver.ToUser, driver.ToUser: driver.ToQuarantine}[d]
	}
	if first == driver.ToUser {
		require.Len(t, s.again(t.Context(), driver.ToQuarantine), 1)
		time.Sleep(time.Hour)
		o = s.In(vault, false)[0]
	}
	before := o.Stamp
	ctx, crash := context.WithCancel(t.Context())
	s.twist = func(c *detour.Call) {
		if !x.other && c.Kind == detour.Carry {
			if x.carried {
				c.Act()
			}
			crash()
			c.Fail(&driver.Error{Err: context.Canceled, Temporary: true})
			return
		}
		if x.other && c.Kind == detour.Mark && c.Change.Clear {
			crash()
			c.Fail(&driver.Error{Err: context.Canceled, Temporary: true})
			return
		}
		c.Act()
	}
	_ = s.passage(first, s.seen(t, o)).Run(ctx)
	crash()
	s.twist = nil
	box := alice
	if d == driver.ToUser {
		box = vault
	}
	s.sends = d
	left := s.In(box, false)
	if x.carried && len(left) == 0 { // it was moved
		return ""
	}
	require.Len(t, left, 1)
	o = left[0]
	stamp := *o.Stamp
	if x.since != nil {
		x.since(s, &stamp)
	}
	if o.Stamp = &stamp; stamp == (driver.Stamp{}) {
		o.Stamp = before
	}
	if !x.keep {
		clear(s.ledger)
	}
	time.Sleep(x.after)
	s.trace.Reset()
	p := s.passage(d, s.seen(t, o))
	if x.how != nil {
		x.how(s, p)
	}
	end := s.run(t.Context(), p)
	r := p.Result()
	user, taken, aside, recoverable := s.count()
	return fmt.Sprintf("%s %s %s: %d %d %d %d %d  %s  %s; same operation %t, same attempt %t, digest %t", s.way, d, x.name,
		user, taken, aside, recoverable, len(s.ledger), s.trace.String(), end, r.Stamp.Operation == stamp.Operation, r.Stamp.Attempt == stamp.Attempt, r.Digest != "")
}

// TestStarts begins a passage with an item that already has a stamp, and compares
// what the engine does, call by call, with testdata/starts.txt.
func TestStarts(t *testing.T) {
	t.Parallel()
	r := open(t, "testdata/starts.txt")
	for _, x := range starts {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
				story := ""
				synctest.Test(t, func(t *testing.T) { story = x.play(t, newScene(way), d) })
				if story != "" {
					r.line(t, story)
				}
			}
		}
	}
	r.close(t, true)
}
