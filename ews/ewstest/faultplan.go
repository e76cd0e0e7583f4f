package ewstest

import (
	"math/rand/v2"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// faults decides which requests fail.
type faults struct {
	mu          sync.Mutex
	random      *rand.Rand
	seen        int
	queue       []planned
	at          map[int]Fault
	probability float64
	drawn       []Fault
}

type planned struct {
	operation ews.Operation // empty: any
	fault     Fault
}

func (f *faults) init(seed uint64) {
	f.random = rand.New(rand.NewPCG(seed, 0x6661756c7473))
	f.at = make(map[int]Fault)
}

// FailNext makes the next requests of an operation fail, one for each fault.
// Operation "" means any. A fault that cannot strike an operation, such as
// [TruncatedExport] outside ExportItems, waits for one that it can strike.
func (s *Server) FailNext(op ews.Operation, faults ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range faults {
		s.faults.queue = append(s.faults.queue, planned{op, f})
	}
}

// FailAt makes the n-th request from now fail (0: the next). A fault that
// cannot strike its operation does nothing.
func (s *Server) FailAt(n int, fault Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.at[s.faults.seen+n] = fault
}

// FailRandomly makes requests fail with a probability, drawing from faults;
// probability 0 turns it off. The draws depend on Options.Seed and the order of
// requests. Faults are drawn only where a real server could fail that way: a
// stale change key, for example, strikes only UpdateItem.
func (s *Server) FailRandomly(probability float64, faults ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.probability = probability
	s.faults.drawn = append([]Fault(nil), faults...)
}

// ClearFaults cancels all faults that have not struck yet.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queue, s.faults.drawn, s.faults.probability = nil, nil, 0
	clear(s.faults.at)
}

// next counts a request and returns the fault that strikes it, if any.
func (f *faults) next(op ews.Operation) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.seen
	f.seen++
	if fault, ok := f.at[n]; ok {
		delete(f.at, n)
		if fault.concerns(op) {
			return fault
		}
		return Fault{}
	}
	for i, p := range f.queue {
		if (p.operation == "" || p.operation == op) && p.fault.concerns(op) {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
			return p.fault
		}
	}
	if f.probability <= 0 || f.random.Float64() >= f.probability {
		return Fault{}
	}
	var fitting []Fault
	for _, d := range f.drawn {
		if d.fits(op) {
			fitting = append(fitting, d)
		}
	}
	if len(fitting) == 0 {
		return Fault{}
	}
	return fitting[f.random.IntN(len(fitting))]
}
