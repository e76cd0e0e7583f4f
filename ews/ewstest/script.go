package ewstest

import (
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Step is what a person does at some calls. Calls are requests that signed in.
type Step struct {
	// Operation is the operation of the calls; empty means any. Call selects one of those
	// calls, counted from 1 since [Server.Play]; 0 means each of them.
	Operation ews.Operation
	Call      int

	// After lets the person act after the server has acted and before the answer is sent;
	// otherwise the person acts before the server does.
	After bool

	// Chance is the probability with which the person acts at such a call, from 0 to 1; 0
	// means always. Draws depend on Options.Seed, the step's position in the script, and
	// the order of calls.
	Chance float64

	// Once lets the person act at most once.
	Once bool

	// Who is the person who acts. Do is called with that person, with no lock held, so it
	// can call all methods of the server. What it does with this person is recorded in
	// [Server.Story] with the call at which it happened. If it returns an error without
	// having done anything with the person, the error is recorded too, and has no other
	// effect.
	Who *Person
	Do  func(*Person) error
}

// Script is a script that people play; see [Server.Play].
type Script struct {
	server *Server

	mu      sync.Mutex
	steps   []*cue
	stopped bool
}

// cue is a step and its state.
type cue struct {
	Step
	random *rand.Rand
	seen   int
	done   bool
}

// Play lets people act between calls, until the script is stopped or the server is
// closed. Steps for the same call are played in order, scripts in the order in which they
// began. If calls are sequential, the same script plays the same story. A nil hook for
// [Server.OnRequest] removes what scripts do before calls, and one for
// [Server.OnResponse] what they do after.
//
// It panics if a step lacks Who or Do, or has a negative Call or a Chance that is not a
// probability.
func (s *Server) Play(steps ...Step) *Script {
	sc := &Script{server: s}
	for i, step := range steps {
		if step.Who == nil || step.Do == nil || step.Call < 0 || !(step.Chance >= 0 && step.Chance <= 1) {
			panic("ewstest: step " + strconv.Itoa(i) + " needs Who and Do, a Call of 0 or more and a Chance from 0 to 1")
		}
		sc.steps = append(sc.steps, &cue{Step: step, random: rand.New(rand.NewPCG(s.opts.Seed, 0x73746570+uint64(i)))})
	}
	s.OnRequest(func(n int, r *Request) { sc.play(n, r.Operation, false) })
	s.OnResponse(func(n int, r *Request) { sc.play(n, r.Operation, true) })
	return sc
}

// Stop stops the script. A step that has begun still finishes.
func (sc *Script) Stop() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.stopped = true
}

// play plays the steps that are due at a moment of a call.
func (sc *Script) play(n int, op ews.Operation, after bool) {
	moment := "before"
	if after {
		moment = "after"
	}
	moment += " call " + strconv.Itoa(n+1) + " (" + string(op) + ")"
	for _, c := range sc.due(op, after) {
		who := *c.Who
		who.when, who.deeds = moment, new(int)
		if err := c.Do(&who); err != nil && *who.deeds == 0 {
			who.fails(err)
		}
	}
}

// due counts a moment and returns the steps for it.
func (sc *Script) due(op ews.Operation, after bool) []*cue {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	var due []*cue
	for _, c := range sc.steps {
		if sc.stopped || sc.server.isClosed() || c.After != after || c.Operation != "" && c.Operation != op {
			continue
		}
		c.seen++
		if c.done && c.Once || c.Call != 0 && c.Call != c.seen || c.Chance > 0 && c.random.Float64() >= c.Chance {
			continue
		}
		c.done = true
		due = append(due, c)
	}
	return due
}
