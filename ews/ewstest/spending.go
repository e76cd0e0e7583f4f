package ewstest

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Spending is what a payer has used up so far; see [Throttling].
type Spending struct {
	Payer        string // address of the account, or of the impersonated mailbox
	Impersonated bool

	Running     int // calls in flight, including those that wait
	MostRunning int // most calls in flight at a time so far
	Calls       int // calls that were processed
	Busy        int // calls that were refused with ErrorServerBusy
	TooMany     int // calls that were refused with ErrorExceededConnectionCount
	BusyItems   int // members of batches that were refused with ErrorServerBusy
	LateItems   int // members of batches that were not processed because the batch ran out of time

	Charged time.Duration // what calls have cost
	Delayed time.Duration // micro-delays

	// Balance is what is left of the budget, or of the one with the least left if there
	// are several; it is negative if the budget is overdrawn, and 0 without a policy.
	Balance time.Duration
	// LockedUntil is the time until which the payer is, or was last, locked out; zero:
	// never.
	LockedUntil time.Time
}

// Spending returns what an account has used up by calls that do not impersonate.
func (s *Server) Spending(user string) Spending {
	return s.spendingOf(user, "")
}

// ImpersonatedSpending returns what all accounts together have used up by impersonating
// the owner of a mailbox.
func (s *Server) ImpersonatedSpending(mailbox string) Spending {
	return s.spendingOf(mailbox, impersonatedPayer)
}

// Spendings returns what each payer that has sent a request has used up, those with the
// highest costs first.
func (s *Server) Spendings() []Spending {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	var all []Spending
	for payer := range s.budget.state {
		if now := s.budget.now(payer, s.opts); now.Calls+now.Busy+now.TooMany > 0 {
			all = append(all, now)
		}
	}
	slices.SortFunc(all, func(a, b Spending) int {
		return cmp.Or(-cmp.Compare(a.Charged, b.Charged), cmp.Compare(a.Payer, b.Payer))
	})
	return all
}

func (s *Server) spendingOf(user, prefix string) Spending {
	s.mu.Lock()
	account := s.directory.account(user)
	s.mu.Unlock()
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	return s.budget.now(prefix+account, s.opts)
}

// now returns what a payer has used up so far.
func (b *budgets) now(payer string, o Options) Spending {
	of := b.of(payer, o)
	now := of.Spending
	now.Payer, now.Impersonated = strings.CutPrefix(payer, impersonatedPayer)
	for i, m := range of.meters {
		if i == 0 || m.balance < now.Balance {
			now.Balance = m.balance
		}
	}
	return now
}
