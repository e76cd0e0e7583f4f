package ewstest

import (
	"cmp"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// budgets enforces the limits of each payer.
type budgets struct {
	mu     sync.Mutex
	limits map[string]Budget
	state  map[string]*spending
}

// Budget limits the requests of one payer, an account or an impersonated mailbox. Zero
// means no limit or, for MaxSubscriptions and MaxStreams, the limit in [Options].
type Budget struct {
	MaxConcurrency    int
	RequestsPerMinute int
	MaxSubscriptions  int         // open at a time, before ErrorExceededSubscriptionCount
	MaxStreams        int         // connections of GetStreamingEvents, before ErrorExceededConnectionCount
	Throttling        *Throttling // the policy; nil: none
}

// spending is what a payer has used up.
type spending struct {
	Spending
	since time.Time // start of the current minute
	asked int

	policy *Throttling // nil: none
	meters []*meter
	found  int // items and folders in answers not yet sent
}

// impersonatedPayer begins the names of payers that are impersonated mailboxes.
const impersonatedPayer = "impersonated "

// SetBudget gives a user its own budget instead of the one in [Options]. When the
// user's mailbox is impersonated, the same limits apply, counted separately. Both begin
// with full balances. It panics if the policy is not valid.
func (s *Server) SetBudget(user string, b Budget) {
	s.mu.Lock()
	account := s.directory.account(user)
	s.mu.Unlock()
	b.Throttling = b.Throttling.settled()
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	if s.budget.limits == nil {
		s.budget.limits = make(map[string]Budget)
	}
	for _, payer := range []string{account, impersonatedPayer + account} {
		s.budget.limits[payer] = b
		if of := s.budget.state[payer]; of != nil {
			of.policy, of.meters = b.Throttling, b.Throttling.meters(s.opts.Now())
			of.LockedUntil = time.Time{}
		}
	}
}

// limit returns the limits of a payer.
func (b *budgets) limit(payer string, o Options) Budget {
	limit, ok := b.limits[payer]
	if !ok {
		limit = Budget{MaxConcurrency: o.MaxConcurrency, RequestsPerMinute: o.RequestsPerMinute, Throttling: o.Throttling}
	}
	return limit
}

// of returns the current spending of a payer.
func (b *budgets) of(payer string, o Options) *spending {
	if b.state == nil {
		b.state = make(map[string]*spending)
	}
	now := o.Now()
	s := b.state[payer]
	if s == nil {
		p := b.limit(payer, o).Throttling
		s = &spending{policy: p, meters: p.meters(now)}
		b.state[payer] = s
	}
	for _, m := range s.meters {
		m.recharge(now)
	}
	return s
}

// enter charges a request to a payer, and returns how long it has to wait before it is
// processed.
func (b *budgets) enter(payer string, operation ews.Operation, o Options) (time.Duration, *refusal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := b.limit(payer, o)
	s := b.of(payer, o)
	if p := s.policy; p != nil && p.EwsMaxConcurrency > 0 && (limit.MaxConcurrency == 0 || limit.MaxConcurrency > p.EwsMaxConcurrency) {
		limit.MaxConcurrency = p.EwsMaxConcurrency
	}
	if limit.MaxConcurrency > 0 && counts(operation) && s.Running >= limit.MaxConcurrency {
		s.TooMany++
		return 0, refuse("ErrorExceededConnectionCount")
	}
	now := o.Now()
	if limit.RequestsPerMinute > 0 {
		if now.Sub(s.since) >= time.Minute {
			s.since, s.asked = now, 0
		}
		if s.asked >= limit.RequestsPerMinute {
			s.Busy++
			return 0, busy(s.since.Add(time.Minute).Sub(now))
		}
	}
	wait, tooLong := s.wait(now)
	if tooLong > 0 {
		s.Busy++
		s.charge(s.policy.Cost(Task{Operation: operation, Member: -1}), now)
		return 0, busy(tooLong)
	}
	s.asked++
	s.Calls++
	if counts(operation) {
		s.Running++
		s.MostRunning = max(s.MostRunning, s.Running)
	}
	s.Delayed += wait
	return wait, nil
}

// wait returns how long a call or a member of a batch has to wait or, if it is refused,
// after how long to try again.
func (s *spending) wait(now time.Time) (wait, tooLong time.Duration) {
	tooLong = s.locked(now)
	for _, m := range s.meters {
		switch d := m.until(0); {
		case m.refuses && d > max(s.policy.MaxDelay, 0):
			tooLong = max(tooLong, d)
		default:
			wait = max(wait, min(d, max(s.policy.MaxDelay, 0)))
		}
	}
	return wait, tooLong
}

// locked returns how much longer the payer is locked out, or 0 if it is not.
func (s *spending) locked(now time.Time) time.Duration {
	left := max(s.LockedUntil.Sub(now), 0)
	for _, m := range s.meters {
		if m.cut() {
			left = max(left, m.until(-m.cutoff+1))
		}
	}
	return left
}

// charge deducts a cost, and locks the payer out if it is overdrawn.
func (s *spending) charge(c Cost, now time.Time) {
	s.Charged += c.CAS
	for _, m := range s.meters {
		m.balance -= m.part(c)
		if m.cut() && s.LockedUntil.Sub(now) <= 0 {
			s.LockedUntil = now.Add(s.policy.LockOut)
		}
	}
}

// busy refuses with a hint about when to try again.
func busy(wait time.Duration) *refusal {
	return &refusal{code: "ErrorServerBusy", values: backOff(wait)}
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
func (b *budgets) leave(t *turn) {
	if t.payer == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state[t.payer]
	if counts(t.entry.Operation) {
		s.Running--
	}
	s.found -= t.found
}

// counts reports whether calls of an operation count toward EwsMaxConcurrency.
// Connections for events have their own limit, MaxStreams.
func counts(operation ews.Operation) bool { return operation != "GetStreamingEvents" }
