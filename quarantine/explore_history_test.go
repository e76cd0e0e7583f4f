package quarantine_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The explorer makes things go differently at calls of a run, before or after the server
// has acted, or between two members of a batch, and checks what becomes of the messages:
// immediately, and once everything has come to rest and the caller has asked again.
//
// After each action, and after each call that may take a message away, a whole copy of
// each message exists, with its newest text, unless people have deleted it, and nobody
// has been notified of anything. A receipt is true when it is issued. At rest, there is
// one copy at the right end, and other people's messages are what they were.
//
// Where nobody can know better, less is required: what a person writes between the
// last look and the removal is removed, too; two installations with different keys
// may each have made a copy; and there may be a second copy from a run whose copy has
// lost its stamp, if something else goes wrong before the copy has another one.

// exploration is one history.
type exploration struct {
	scene   exploredScene
	strikes []event
	plan    []demand
	exact   bool // a fault strikes at its call or not at all
	later   bool // a request acts after its answer
	removal int  // the last call of DeleteItem at the source
	lenient bool // what is reported as undecided in the end may be so

	*world
	t       testing.TB
	options worldOptions
	ask     func(*quarantine.Service) (*quarantine.Receipt, error)
	tags    []string           // of the messages
	others  []*ewstest.Message // that nobody may touch
	now     *process
	calls   []string // of the processes that are explored
	inside  bool     // somebody else acts
	dice    *rand.Rand
	under   []*pending // calls in progress; one may be made while another is sent

	story        []string
	happened     int            // strikes that made a difference
	idle         bool           // a strike made none
	deleted      map[string]int // permanently, by people, by tag
	copied       map[string]int // by people
	newest       map[string]string
	edited       map[string]int // when, in calls
	read         int            // last call that read the source, in calls
	toldByPeople int
	rivals       bool // another run was at work
	rivalUndo    bool // a rival runs in the other direction
	rivalOpen    bool // a rival has left something undecided, and said so
	surplus      int  // copies that were put aside, according to receipts
	foreign      bool // a rival has another key
	nameless     bool // a copy may have lost its stamp
	late         bool // a write may land after its lease has ended
	twice        bool // there are two copies, for one of these reasons
	keysIgnored  bool // edits may be overwritten
	unseen       bool // a search may not show what is there
	pretended    bool // a removal may have done nothing, and be called a success
	filed        bool // somebody has done something to a message, and may have moved it
	unsettled    bool // there is nothing to explore
	open         bool // it is undecided in the end, and reported as such
	counted      findings
	state        string // at rest
}

// event is something that goes differently.
type event struct {
	what   *deviation
	call   int    // at which call, from 0
	after  bool   // after the server has acted
	member int    // before this member of the batch, if not 0
	seed   uint64 // for what is left to chance
}

func (s event) String() string {
	when := "before"
	switch {
	case s.after:
		when = "after"
	case s.member > 0:
		when = fmt.Sprintf("before member %d of", s.member)
	}
	return fmt.Sprintf("%s %s call %d", s.what.name, when, s.call)
}

// demand is what is asked of the service.
type demand struct {
	wait    time.Duration // before
	recover bool          // rather than asking again
	fresh   bool          // in a new process
}

// play plays the history in a bubble, and judges it.
func (x *exploration) play(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { x.run(t) })
}

func (x *exploration) run(t *testing.T) {
	x.deleted, x.copied, x.newest = make(map[string]int), make(map[string]int), make(map[string]string)
	x.edited = make(map[string]int)
	x.begin(t)
	x.keysIgnored = x.scene.keysIgnored()
	if x.unsettled {
		return
	}
	x.OnMember(x.member)
	x.OnRequest(func(_ int, r *ewstest.Request) {
		if c := x.top(); c != nil && !x.inside {
			x.calls[c.n] = string(r.Operation)
			x.tracked(c.n, r)
		}
	})
	for _, a := range append([]demand{{}}, x.plan...) {
		time.Sleep(a.wait)
		if x.now == nil || a.fresh || x.now.dead.Load() {
			x.now, x.under = x.start(), nil
		}
		if a.recover {
			x.recover(x.now.service)
		} else {
			r, err := x.ask(x.now.service)
			x.report("asked", r, err)
			if !x.now.dead.Load() {
				x.truthful(r, err)
			}
		}
		if x.idle {
			return
		}
		x.alive("afterwards")
	}
	x.OnMember(nil)
	x.rest()
}

func (x *exploration) recover(s *quarantine.Service) {
	for r, err := range s.Recover(x.t.Context()) {
		x.report("recovery", r, err)
	}
}

// rest lets everything come to rest, has the recovery and a second run settle it,
// and judges.
func (x *exploration) rest() {
	x.strikes = nil
	x.ClearFaults()
	time.Sleep(3 * time.Hour)
	s := x.newService(x.t, x.options)
	for range 3 {
		x.recover(s)
		x.alive("after the recovery")
		time.Sleep(time.Hour)
	}
	var r *quarantine.Receipt
	var err error
	for range 2 {
		r, err = x.ask(s)
		x.report("asked again", r, err)
		x.alive("when asked again")
		if err == nil && r.Err() == nil {
			break
		}
		time.Sleep(time.Hour)
	}
	x.settled(r, err)
}

// pending is a call in progress.
type pending struct {
	n       int
	faults  []ewstest.Fault // that strike it
	lasting []*ewstest.Failure
	between []event // before its members
}

// top returns the call in progress that was begun last, or nil if no call is in progress.
func (x *exploration) top() *pending {
	if len(x.under) == 0 {
		return nil
	}
	return x.under[len(x.under)-1]
}

// before is called before a call begins.
func (x *exploration) before() {
	c := &pending{n: len(x.calls)}
	x.under, x.calls = append(x.under, c), append(x.calls, "")
	for _, s := range x.strikes {
		switch {
		case s.call != c.n || s.after:
		case s.member > 0:
			c.between = append(c.between, s)
		default:
			x.happen(s)
		}
	}
}

// send plans what strikes the call that is about to be sent.
func (x *exploration) send(r *http.Request) (planned []*ewstest.Failure) {
	const header = "Client-Request-Id"
	id := r.Header.Get(header)
	for _, f := range x.top().faults {
		when := ewstest.When{Times: 1}
		if x.exact {
			when.Request = func(r *ewstest.Request) bool { return r.Header.Get(header) == id }
		}
		planned = append(planned, x.Fail(when, f))
	}
	return append(planned, x.top().lasting...)
}

// after is called when the server has answered.
func (x *exploration) after(planned []*ewstest.Failure) {
	for _, f := range planned {
		if f.Struck() == 0 && x.exact {
			x.stop()
		}
	}
	c := x.top()
	for _, s := range x.strikes {
		if s.call == c.n && s.after {
			x.happen(s)
		}
	}
	x.under = x.under[:len(x.under)-1]
	switch x.calls[c.n] {
	case "DeleteItem", "MoveItem":
		x.alive(fmt.Sprintf("after call %d (%s)", c.n, x.calls[c.n]))
	}
}

// stop ends a history that is the same as another one.
func (x *exploration) stop() {
	x.idle = true
	x.now.dead.Store(true)
}

// tracked remembers when the source was last read. No server checks the change
// key when it removes an item, so what the owner writes after that is removed
// along with it: a later edit does not count.
func (x *exploration) tracked(n int, r *ewstest.Request) {
	source := alice
	if x.scene.direction == driver.ToUser {
		source = vault
	}
	switch {
	case r.Anchor == source && r.Operation != ews.OpDeleteItem:
		x.read = n
	case r.Operation == ews.OpDeleteItem:
		x.removal = n
		for tag, n := range x.edited {
			if n > x.read {
				delete(x.newest, tag)
			}
		}
	}
}

// member is called before each member of a batch.
func (x *exploration) member(_, member int, _ *ewstest.Request) {
	if c := x.top(); c != nil && !x.inside {
		for _, s := range c.between {
			if s.member == member {
				x.happen(s)
			}
		}
	}
}

// happen makes a strike happen.
func (x *exploration) happen(s event) {
	x.inside = true
	defer func() { x.inside = false }()
	x.tell("%s", s)
	x.dice = rand.New(rand.NewPCG(s.seed, 1))
	if !s.what.do(x) {
		if x.exact {
			x.stop()
		}
		return
	}
	x.happened++
}

func (x *exploration) tell(format string, args ...any) {
	x.story = append(x.story, fmt.Sprintf("[%d] ", len(x.calls))+fmt.Sprintf(format, args...))
}

func (x *exploration) report(what string, r *quarantine.Receipt, err error) {
	if err != nil {
		x.tell("%s: error: %v", what, err)
	}
	if r != nil {
		x.tell("%s: %s, err %v", what, r.Outcome(), r.Err())
		for _, it := range r.Items {
			x.tell("   %s way=%s residue=%q", it.Outcome, it.Way, it.Residue)
			x.surplus += len(it.Surplus)
		}
	}
}

// told returns the whole story as text.
func (x *exploration) told() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n  %s\n  requests:", x.scene, strings.Join(x.story, "\n  "))
	for _, r := range x.Requests() {
		fmt.Fprintf(&b, " %s@%s", r.Operation, strings.Split(r.Anchor, "@")[0])
		if r.Fault != "" || r.Code != "NoError" {
			fmt.Fprintf(&b, "(%s %s)", r.Code, r.Fault)
		}
	}
	if s := x.Story().String(); s != "" {
		fmt.Fprintf(&b, "\n  %s", strings.ReplaceAll(s, "\n", "\n  "))
	}
	return b.String()
}
