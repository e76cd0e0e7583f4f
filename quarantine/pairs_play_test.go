package quarantine_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// twist is one thing that goes differently.
type twist struct {
	part  int // of the history
	nth   int // call of that part
	what  *departure
	after bool // when the server has acted
}

func (s twist) String() string {
	return fmt.Sprintf("part %d, call %d: %s, after=%t", s.part, s.nth, s.what.name, s.after)
}

// act is what is asked of a process.
type act struct {
	recover bool
	wait    time.Duration // before it
}

func (p act) String() string {
	return map[bool]string{true: "recover", false: "ask"}[p.recover] + " after " + p.wait.String()
}

// ask is the first part of a history.
var ask = act{}

// further are the parts that may follow.
var further = []act{{true, time.Second}, {false, time.Second}, {true, time.Hour}, {false, time.Hour}}

// play is a history as far as it has been played.
type play struct {
	pairWorld
	stage
	model *twobox.System // nil: the stage is not the model
	book  *intentBook
	taken *quarantine.Receipt // the receipt that a restore is asked for
	saw   func(row string)

	parts  int
	asked  []act
	twists []twist // upcoming and past
	story  []string
	said   []string // outcomes, in order

	// What may excuse the history.
	deleted       bool // a person has permanently deleted one
	copied        int  // copies that people have made of each, at most
	analystCopied int  // of those, in quarantine
	undone        bool // a rival runs in the other direction
	rivalOpen     bool // a rival, which is not run again, has left something undecided
	notRemoved    bool // removals have done nothing for a while
	bare          bool // a copy may have arrived without its stamp
	unstamped     bool // and a person has moved it since
	cut           bool // a copy has arrived without its end
	foreign       bool // a rival of another installation
	tooLate       bool // a request takes effect when nobody expects it any more
	sent          []sending
	editions      [4]int // the newest text that a person has written, by message

	findings
	wrong []string // what they are

	// Of the present process:
	ctx     context.Context
	crash   func()
	dead    *atomic.Bool
	calls   []detour.Kind
	answers map[detour.Kind]detour.Answer
}

// sending is a carry that was sent.
type sending struct {
	operation, attempt string
	direction          driver.Direction
	lease              time.Time
	once, open         bool // open: not answered
	copied             bool // answered with success, by a way that makes a copy
}

// key seals the stamps of the installation, otherKey those of another one.
var (
	key      = []byte("0123456789abcdef0123456789abcdef")
	otherKey = []byte("fedcba9876543210fedcba9876543210")
)

// service returns a service of another process.
func (x *play) service(t testing.TB, sealedBy []byte, j quarantine.Journal, hook func(context.Context, *detour.Call)) *quarantine.Service {
	s, err := quarantine.New(detour.Strategy(x.strategy(), hook), vault, &quarantine.Options{Journal: j, StampKeys: [][]byte{sealedBy}})
	require.NoError(t, err)
	s.Still(x.saw)
	return s
}

// begin sets the scene in the model.
func (x *play) begin(t *testing.T) {
	x.model = twobox.New(alice, vault)
	x.stage = &modelStage{x.model, x.ways}
	x.book, x.dead = &intentBook{}, new(atomic.Bool)
	at := time.Date(1999, 12, 31, 8, 30, 0, 0, time.UTC)
	for range x.copies {
		x.model.Deliver(alice, twobox.Message{ID: theID, Subject: "Invoice", Received: at, Sent: at})
	}
	x.model.Deliver(alice, twobox.Message{ID: "<other@evil.example>", Subject: "Invoice", Received: at, Sent: at})
	x.model.Deliver(vault, twobox.Message{ID: "<other@evil.example>", Subject: "Invoice", Received: at, Sent: at})
	time.Sleep(time.Hour)
	x.prepare(t)
}

// prepare takes the messages, for a restore.
func (x *play) prepare(t *testing.T) {
	if x.direction == driver.ToUser {
		r, err := x.service(t, key, x.journalOf(), func(_ context.Context, c *detour.Call) { c.Act() }).Quarantine(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		require.Len(t, r.Items, x.copies)
		x.taken = r
		time.Sleep(time.Hour)
	}
}

// journalOf returns the journal of the present process, or nil if it has none.
func (x *play) journalOf() quarantine.Journal {
	if !x.journal {
		return nil
	}
	x.book.restart() // the process before has ended
	return failingBook{x.book, x.dead}
}

// next plays the next act, and reports whether the process reported anything.
func (x *play) next(t *testing.T, p act) (told bool) {
	time.Sleep(p.wait)
	x.tell("part %d: %s", x.parts, p)
	x.dead = new(atomic.Bool)
	x.calls, x.answers = nil, make(map[detour.Kind]detour.Answer)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	x.ctx, x.crash = ctx, func() { x.dead.Store(true); cancel(errCrashed) }
	x.guard()
	s := x.service(t, key, x.journalOf(), func(ctx context.Context, c *detour.Call) { x.call(t, ctx, c) })
	told = x.run(ctx, s, p)
	x.dead.Store(false)
	if x.model != nil {
		x.model.Between = nil
	}
	x.parts++
	return told
}

// run asks a service for something, and judges the receipts.
func (x *play) run(ctx context.Context, s *quarantine.Service, p act) (told bool) {
	if !p.recover {
		var r *quarantine.Receipt
		var err error
		if x.direction == driver.ToQuarantine {
			r, err = s.Quarantine(ctx, theTarget)
		} else {
			r, err = s.Restore(ctx, x.taken)
		}
		x.report("asked", r, err)
		if !x.dead.Load() {
			x.truthful(r, err)
		}
		return err != nil || r.Err() != nil
	}
	for r, err := range s.Recover(ctx) {
		x.report("recovery", r, err)
		if err == nil && !x.dead.Load() {
			x.honest(r)
		}
		told = told || err != nil || r.Err() != nil
	}
	return told
}

// call is one call of the process.
func (x *play) call(t *testing.T, ctx context.Context, c *detour.Call) {
	if x.dead.Load() {
		c.Fail(errCrashed)
		return
	}
	n := len(x.calls)
	x.calls = append(x.calls, c.Kind)
	acted, sent := false, len(x.sent)
	act := func() {
		if !acted {
			acted = true
			x.act(ctx, c)
		}
	}
	for _, s := range x.twists {
		if s.part != x.parts || s.nth != n {
			continue
		}
		x.tell("%s (%s in %s)", s, c.Kind, c.Box)
		if s.after {
			act()
		}
		s.what.do(&striking{x, t, ctx, c, act})
		if x.dead.Load() {
			c.Fail(errCrashed)
			return
		}
		if !s.what.instead {
			act()
		}
		acted = true
	}
	act()
	if n := len(x.sent); n > sent && c.Answer.Err != nil {
		x.sent[n-1].copied = false // that is not what the engine was told
	}
	x.answers[c.Kind] = c.Answer
	x.alive("after " + string(c.Kind))
}

// act lets the driver act, and keeps account of what was sent.
func (x *play) act(ctx context.Context, c *detour.Call) {
	now, ended := time.Now(), ctx.Err() != nil
	was := x.stampAt(c)
	c.Act()
	if !ended { // otherwise nothing is sent
		x.account(c, was, now)
	}
}

func (x *play) tell(format string, args ...any) {
	x.story = append(x.story, fmt.Sprintf("%s ", time.Now().Format("15:04:05"))+fmt.Sprintf(format, args...))
}

func (x *play) report(what string, r *quarantine.Receipt, err error) {
	if err != nil {
		x.tell("%s: error: %v", what, err)
	}
	if r != nil {
		x.tell("%s: %s, err %v", what, r.Outcome(), r.Err())
		for _, it := range r.Items {
			x.said = append(x.said, what+": "+string(it.Outcome))
			x.tell("   %s way=%s residue=%q", it.Outcome, it.Way, it.Residue)
		}
	}
}

// saved is a play between two parts, when no process has anything of it in memory.
type saved struct {
	play
	at time.Time
}

// save returns the play in its present state.
func (x *play) save() saved {
	s := saved{*x, time.Now()}
	s.own()
	return s
}

// resume returns the play as it was, at the time it was saved. It is called in a
// bubble that has just begun.
func (s saved) resume() *play {
	x := s.play
	x.own()
	time.Sleep(time.Until(s.at))
	return &x
}

// own gives a play its own copies of what it points to.
func (x *play) own() {
	x.model = x.model.Clone()
	x.stage = &modelStage{x.model, x.ways}
	x.book = &intentBook{intents: slices.Clone(x.book.intents)}
	x.sent = slices.Clone(x.sent)
	x.twists, x.story, x.wrong = slices.Clone(x.twists), slices.Clone(x.story), slices.Clone(x.wrong)
	x.ctx, x.crash, x.answers, x.calls = nil, nil, nil, slices.Clone(x.calls)
}

// state identifies the state between two parts.
func (x *play) state() [16]byte {
	d := x.model.Describe()
	for _, in := range x.book.intents {
		d.Add("intent", d.Name(in.Operation), d.Name(in.Attempt), in.Direction, d.Item(in.From.ItemID), in.From.Folder.ID, d.Until(in.Lease))
	}
	for _, s := range x.sent {
		if s.open && d.Until(s.lease) > 0 {
			d.Add("sent", d.Name(s.attempt), d.Until(s.lease), s.once)
		}
	}
	d.Add(x.deleted, x.copied, x.analystCopied, x.undone, x.rivalOpen, x.notRemoved, x.bare, x.unstamped, x.cut, x.foreign, x.tooLate)
	return d.Fingerprint()
}
