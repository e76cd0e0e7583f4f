package ewstest

import "time"

// Spending is what a payer has used up so far; see [Throttling].
type Spending struct {
	Running     int // calls in flight, those that wait among them
	MostRunning int // at a time so far
	Calls       int // that were processed
	Busy        int // that were refused with ErrorServerBusy
	TooMany     int // that were refused with ErrorExceededConnectionCount
	BusyItems   int // members of batches that were refused with ErrorServerBusy
	LateItems   int // members of batches that were not processed because of the time

	Charged time.Duration // what calls have cost
	Delayed time.Duration // micro-delays

	// Balance is what is left of the budget, the least of them if there are several;
	// negative if it is overdrawn. 0 without a policy.
	Balance time.Duration
	// LockedUntil is until when the payer is, or was last, locked out; zero: never.
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

func (s *Server) spendingOf(user, prefix string) Spending {
	s.mu.Lock()
	account := s.directory.account(user)
	s.mu.Unlock()
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	of := s.budget.of(prefix+account, s.opts)
	now := of.Spending
	for i, m := range of.meters {
		if i == 0 || m.balance < now.Balance {
			now.Balance = m.balance
		}
	}
	return now
}
