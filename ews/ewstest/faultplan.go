package ewstest

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// When determines which requests, or which items in them, a fault strikes; see
// [Server.Fail]. The zero value means every request that the fault can strike.
type When struct {
	// Operation is the operation that the fault strikes; empty: any.
	Operation ews.Operation

	// Request limits the fault to the requests for which it returns true, such as those
	// of one user. It is called while the server is locked, so it must neither call the
	// server nor change the request. Nil: no limit.
	Request func(*Request) bool

	// MessageID limits the fault to the item with this Message-ID, compared exactly and
	// with its angle brackets, wherever it is and whatever its id: to the members of a
	// batch that name the item, or would create or upload it, and to the FindItem pages
	// that contain it. A fault of whole requests strikes the requests with such a member
	// or page.
	MessageID string

	// Item limits the fault, as MessageID does, to the items for which it returns true.
	// It is called while the server is locked, so it must not call the server. An item
	// that a request would create or upload has no id, mailbox or folder yet. Nil: no
	// limit.
	Item func(*Message) bool

	// Skip is how many occasions pass before it strikes for the first time, and Times how
	// often it strikes; 0: no limit. An occasion is a request; a fault that strikes members
	// of a batch then strikes them all. With MessageID or Item, an occasion for such a
	// fault is one of the matching members, or one of the matching items that a search
	// finds.
	Skip, Times int

	// Probability is the chance that it strikes on an occasion that was not skipped, more
	// than 0 and at most 1; 0: always. The draws depend on Options.Seed and the order of
	// requests.
	Probability float64
}

// Failure is a fault that was planned by [Server.Fail].
type Failure struct {
	faults *faults
	rule   *planned
}

// Cancel removes the fault; what it has already struck stays as it is. It may be called
// more than once.
func (f *Failure) Cancel() {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.drop(f.rule)
}

// Struck returns how often the fault has struck, counted in the occasions of [When].
func (f *Failure) Struck() int {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	return f.rule.struck
}

// Fail plans a fault. Of the faults of [Server.FailNext], [Server.FailAt] and
// [Server.FailRandomly], at most one strikes a request, but all faults planned by Fail
// can strike the same request. The exception is faults that answer the request instead of
// the server or change its answer as a whole: of those, only the first one planned
// strikes, and one of FailAt, FailNext or FailRandomly takes precedence. It panics if
// Skip or Times is negative or Probability is not between 0 and 1, if the fault is the
// zero value, and if it cannot strike the operation at all.
//
// A fault planned for requests that never come, such as those for a Message-ID without
// its angle brackets, strikes nothing, and the test passes without it: check
// [Failure.Struck].
func (s *Server) Fail(when When, fault Fault) *Failure {
	if when.Skip < 0 || when.Times < 0 || !(when.Probability >= 0 && when.Probability <= 1) {
		panic("ewstest: Fail: Skip and Times must not be negative, Probability must be between 0 and 1")
	}
	fault.mustStrike("Fail", when.Operation)
	r := &planned{when: when, fault: fault}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = append(s.faults.rules, r)
	return &Failure{&s.faults, r}
}

// FailNext makes the next requests for an operation fail, one for each fault; it is a
// short form of [Server.Fail]. At most one such fault strikes a request. Operation ""
// means any. A fault that makes no difference to a request, such as [TruncatedExport]
// outside ExportItems or [RowFails] on another page, waits for one to which it does, and
// so do the faults after it that could strike the same requests. It panics like
// [Server.Fail]. Request.Fault in [Server.Requests] shows what has struck.
func (s *Server) FailNext(op ews.Operation, faults ...Fault) {
	for _, f := range faults {
		f.mustStrike("FailNext", op)
		s.failNext(op, f, 1)
	}
}

// failNext makes a number of requests fail.
func (s *Server) failNext(op ews.Operation, f Fault, times int) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = append(s.faults.rules, &planned{when: When{Operation: op, Times: times}, fault: f, single: true})
}

// FailAt makes the n-th request from now fail (0: the next one). A fault that cannot
// strike its request does nothing. It panics if n is negative.
func (s *Server) FailAt(n int, fault Fault) {
	if n < 0 {
		panic("ewstest: FailAt: the number of the request must not be negative")
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.at[s.faults.seen+n] = fault
}

// FailRandomly makes requests fail with a probability, drawing from faults;
// probability 0 turns it off. The draws depend on Options.Seed and the order of
// requests. Faults are drawn only where a real server could fail that way: a
// stale change key, for example, strikes only UpdateItem. It panics if the
// probability is not between 0 and 1.
func (s *Server) FailRandomly(probability float64, faults ...Fault) {
	if !(probability >= 0 && probability <= 1) {
		panic("ewstest: FailRandomly: the probability must be between 0 and 1")
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.probability = probability
	s.faults.drawn = slices.Clone(faults)
}

// ClearFaults cancels all faults that have not struck yet or would strike again. Requests
// that are withheld or acted on later stay so.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, r := range s.faults.rules {
		r.over = true
	}
	s.faults.rules, s.faults.drawn, s.faults.probability = nil, nil, 0
	clear(s.faults.at)
}

// faults decides which requests fail.
type faults struct {
	mu          sync.Mutex
	random      *rand.Rand // for FailRandomly
	chance      *rand.Rand // for Fail
	seen        int
	rules       []*planned
	at          map[int]Fault
	probability float64
	drawn       []Fault
}

// planned is a fault in the plan.
type planned struct {
	when   When
	fault  Fault
	single bool // from FailNext: only one of those strikes a request

	occasions, struck int
	taken             int // requests that a rule of FailNext may strike now
	over              bool
}

func (f *faults) init(seed uint64) {
	f.random = rand.New(rand.NewPCG(seed, 0x6661756c7473))
	f.chance = rand.New(rand.NewPCG(seed, 0x6368616e6365))
	f.at = make(map[int]Fault)
}

// drop removes a rule from the plan.
func (f *faults) drop(r *planned) {
	r.over = true
	f.rules = slices.DeleteFunc(f.rules, func(other *planned) bool { return other == r })
}

// next counts a request and returns the rules that may strike it. The first may
// be one of FailAt, FailNext or FailRandomly.
func (f *faults) next(t *turn) []*planned {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*planned
	if r := f.single(t); r != nil {
		all = []*planned{r}
	}
	return append(all, f.standing(t)...)
}

// release gives back the rules of FailNext that did not strike a request after all;
// they wait for another one.
func (f *faults) release(t *turn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range t.rules {
		if r.taken > 0 && !t.claimed[r] {
			r.taken--
		}
	}
}

// standing returns the rules of Fail that may strike a request. A request that is acted
// on late has no answer that they could replace.
func (f *faults) standing(t *turn) []*planned {
	var all []*planned
	for _, r := range f.rules {
		if !r.single && !(t.late && r.fault.answers()) && r.covers(t) {
			all = append(all, r)
		}
	}
	return all
}

func (r *planned) covers(t *turn) bool {
	w := &r.when
	return (w.Operation == "" || w.Operation == t.entry.Operation) && r.fault.concerns(t) && (w.Request == nil || w.Request(t.server.log.now(t.entry)))
}

// single counts a request and returns the rule of FailAt, FailNext or FailRandomly for
// it, or nil if no fault may strike it.
func (f *faults) single(t *turn) *planned {
	n := f.seen
	f.seen++
	if fault, ok := f.at[n]; ok {
		delete(f.at, n)
		if fault.concerns(t) {
			return &planned{fault: fault, single: true}
		}
		return nil
	}
	for _, r := range f.rules {
		if r.single && r.struck+r.taken < r.when.Times && r.covers(t) {
			r.taken++
			return r
		}
	}
	if f.probability <= 0 || f.random.Float64() >= f.probability {
		return nil
	}
	var fitting []Fault
	for _, d := range f.drawn {
		if d.fits(t) {
			fitting = append(fitting, d)
		}
	}
	if len(fitting) == 0 {
		return nil
	}
	return &planned{fault: fitting[f.random.IntN(len(fitting))], single: true}
}

// claim counts an occasion of a rule and reports whether it strikes.
func (f *faults) claim(r *planned) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.over {
		return false
	}
	r.taken = max(0, r.taken-1)
	r.occasions++
	if r.occasions <= r.when.Skip {
		return false
	}
	if p := r.when.Probability; p > 0 && f.chance.Float64() >= p {
		return false
	}
	r.struck++
	if r.struck == r.when.Times {
		f.drop(r)
	}
	return true
}

// longest returns the longest duration among the faults of a kind that may strike, or 0
// if there are none.
func (f *faults) longest(kind faultKind) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var d time.Duration
	look := func(fault Fault) {
		if fault.kind == kind {
			d = max(d, fault.wait)
		}
	}
	for _, r := range f.rules {
		look(r.fault)
	}
	for _, fault := range f.drawn {
		look(fault)
	}
	for _, fault := range f.at {
		look(fault)
	}
	return d
}
