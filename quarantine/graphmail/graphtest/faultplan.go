package graphtest

import (
	"slices"
	"strings"
	"sync"
)

// When selects the requests that a fault strikes. The zero value means every request that
// the fault can strike.
type When struct {
	Operation Operation // empty: any

	// Request limits the fault to the requests for which it returns true. It is called
	// while the server is locked, so it must not call the server. Nil: no limit.
	Request func(*Request) bool

	// Skip is how many of these requests pass before the fault strikes for the first
	// time, and Times is how often it strikes; 0: without limit.
	Skip, Times int
}

// Failure is a fault planned by [Server.Fail].
type Failure struct {
	faults *faults
	rule   *planned
}

// Cancel removes the fault. It may be called more than once.
func (f *Failure) Cancel() {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.drop(f.rule)
}

// Struck returns how often the fault has struck. Check it: a fault planned for requests
// that never come strikes nothing, and the test passes without it.
func (f *Failure) Struck() int {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	return f.rule.struck
}

// Fail plans a fault. At most one strikes a request: the first one planned. It panics if
// Skip or Times is negative or the fault is the zero value.
func (s *Server) Fail(when When, fault Fault) *Failure {
	if when.Skip < 0 || when.Times < 0 || fault.kind == faultNone {
		panic("graphtest: Fail: Skip and Times must not be negative, and the fault not the zero value")
	}
	r := &planned{when: when, fault: fault}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = append(s.faults.rules, r)
	return &Failure{&s.faults, r}
}

// FailNext makes the next requests of an operation fail, one request for each fault.
// Operation "" means any.
func (s *Server) FailNext(op Operation, all ...Fault) {
	for _, f := range all {
		s.Fail(When{Operation: op, Times: 1}, f)
	}
}

// ClearFaults cancels all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = nil
}

type faults struct {
	mu    sync.Mutex
	rules []*planned
}

type planned struct {
	when              When
	fault             Fault
	occasions, struck int
}

func (f *faults) drop(r *planned) {
	f.rules = slices.DeleteFunc(f.rules, func(other *planned) bool { return other == r })
}

// claim finds the fault that strikes a request.
func (s *Server) claim(c *call) {
	f := &s.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := *c.entry
	for _, r := range slices.Clone(f.rules) {
		if r.when.Operation != "" && r.when.Operation != c.route.operation || !r.fault.concerns(c) ||
			r.when.Request != nil && !r.when.Request(&seen) {
			continue
		}
		if r.occasions++; r.occasions <= r.when.Skip {
			continue
		}
		if r.struck++; r.struck == r.when.Times {
			f.drop(r)
		}
		fault := r.fault
		c.fault = &fault
		c.claimed = fault.kind != faultNoLink
		return
	}
}

// concerns reports whether the fault makes a difference to an operation.
func (f *Fault) concerns(c *call) bool {
	r := c.route
	switch f.kind {
	case faultEarlier:
		return c.server.log.earlier(r.operation) != nil
	case faultUnfiltered:
		return slices.Contains(r.params, "$filter") && strings.Contains(c.in.query, "filter=")
	case faultReplayed:
		return r.operation == OpDeltaMessages || r.operation == OpDeltaFolders
	case faultDoubled:
		return r.operation == OpMoveMessage
	case faultNothing:
		return r.acts
	case faultExport, faultExportCut:
		return r.operation == OpExportItems
	case faultNoLink, faultEmptyPage, faultNotFound:
		return slices.Contains(r.params, "$top")
	case faultForget:
		return r.acts
	}
	return true
}

// strikes reports whether a fault of a kind strikes the request.
func (c *call) strikes(kind faultKind) bool {
	if c.fault == nil || c.fault.kind != kind {
		return false
	}
	c.claim()
	return true
}

// claim notes that the fault has struck.
func (c *call) claim() { c.claimed = true }
