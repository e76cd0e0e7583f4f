package ewstest

import (
	"cmp"
	"sync"
	"time"
)

// budgets holds each payer to its limits.
type budgets struct {
	mu     sync.Mutex
	limits map[string]Budget
	state  map[string]*spending
}

// Budget limits the requests of one payer, an account or an impersonated
// mailbox. Zero means no limit, or that of [Options] for MaxSubscriptions and
// MaxStreams.
type Budget struct {
	MaxConcurrency    int
	RequestsPerMinute int
	MaxSubscriptions  int // at a time, before ErrorExceededSubscriptionCount
	MaxStreams        int // connections of GetStreamingEvents, before ErrorExceededConnectionCount
}

type spending struct {
	running int
	since   time.Time // start of the current minute
	asked   int
}

// SetBudget gives a user its own budget instead of the one in [Options]. When the
// user's mailbox is impersonated, the same limits apply, counted separately.
func (s *Server) SetBudget(user string, b Budget) {
	s.mu.Lock()
	account := s.directory.account(user)
	s.mu.Unlock()
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	if s.budget.limits == nil {
		s.budget.limits = make(map[string]Budget)
	}
	s.budget.limits[account] = b
	s.budget.limits["impersonated "+account] = b
}

// enter charges a request to a payer.
func (b *budgets) enter(payer string, o Options) *refusal {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit, ok := b.limits[payer]
	if !ok {
		limit = Budget{MaxConcurrency: o.MaxConcurrency, RequestsPerMinute: o.RequestsPerMinute}
	}
	if b.state == nil {
		b.state = make(map[string]*spending)
	}
	s := b.state[payer]
	if s == nil {
		s = &spending{}
		b.state[payer] = s
	}
	if limit.MaxConcurrency > 0 && s.running >= limit.MaxConcurrency {
		return refuse("ErrorExceededConnectionCount")
	}
	if limit.RequestsPerMinute > 0 {
		now := o.Now()
		if now.Sub(s.since) >= time.Minute {
			s.since, s.asked = now, 0
		}
		if s.asked >= limit.RequestsPerMinute {
			return &refusal{code: "ErrorServerBusy", values: backOff(s.since.Add(time.Minute).Sub(now))}
		}
		s.asked++
	}
	s.running++
	return nil
}

// subscriptions returns how many subscriptions a payer may have.
func (b *budgets) subscriptions(payer string, o Options) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.limits[payer].MaxSubscriptions, o.MaxSubscriptions)
}

// streams returns how many connections for events a payer may have.
func (b *budgets) streams(payer string, o Options) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.limits[payer].MaxStreams, o.MaxStreams)
}

// leave ends a request that was charged.
func (b *budgets) leave(payer string) {
	if payer == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[payer].running--
}
