package driver

import (
	"context"
	"sync"
)

// MeterOf returns the meter that counts what calls with a context cost, or nil if
// the context has none.
func MeterOf(ctx context.Context) *Meter {
	m, _ := ctx.Value(meterKey{}).(*Meter)
	return m
}

// Shared returns a context for a batch, whose requests are shared by several calls. Each
// request is counted once, with its bytes and its waiting time: the first by the first
// meter, the next by the next, and so on. The other meters only learn its id, and which
// server answered. So the sum over all calls is what was sent. A nil meter stands for a
// call without a meter.
func Shared(ctx context.Context, meters ...*Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, &sharing{meters: meters})
}

// sharing holds the meters of the members of a batch.
type sharing struct {
	meters []*Meter

	mu   sync.Mutex
	next int
}

func (s *sharing) spend(one Spending) {
	if len(s.meters) == 0 {
		return
	}
	s.mu.Lock()
	payer := s.next % len(s.meters)
	if !one.Unsent {
		s.next++
	}
	s.mu.Unlock()
	for i, m := range s.meters {
		m.spend(one, i == payer)
	}
}

// spend adds the cost of a request to a meter and those enclosing it. A meter that does
// not pay learns only the id and the server.
func (m *Meter) spend(s Spending, pays bool) {
	told := s
	if !pays {
		told.Waited = 0 // all of them wait for the pause that the server asks for
	}
	for ; m != nil; m = m.outer {
		switch {
		case m.watch != nil:
			m.watch(told)
		case pays:
			m.add(s)
		case !s.Unsent:
			m.learn(s)
		}
	}
}
