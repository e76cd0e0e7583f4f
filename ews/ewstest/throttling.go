package ewstest

import (
	"errors"
	"fmt"
	"time"
)

// Throttling is a throttling policy of Exchange: what one payer may use up. A payer is an
// account, for everything it does in mailboxes that it may open; or an impersonated
// mailbox, for what all accounts do as its owner. What the owner does is charged
// separately, to the owner's account, as in Exchange 2010 SP2 RU4 and later.
//
// Each payer has a budget of server time. The cost of a call is deducted after each
// member of its batch ([Throttling.Cost]), and the server takes that long to process it.
// The budget recharges continuously, up to its maximum. While it is overdrawn, the server
// waits before it begins a call, and before the next member of a batch, until the budget
// has recharged (a micro-delay). A call that waits still counts as in flight.
//
//   - EwsMaxBurst, EwsRechargeRate and EwsCutoffBalance, of Exchange 2013 and later: a
//     payer that has overdrawn by EwsCutoffBalance is locked out for LockOut, and until
//     the balance is above that line again. Meanwhile a call gets the fault
//     ErrorServerBusy, and the rest of a batch ErrorServerBusy in each response message,
//     both with BackOffMilliseconds. A call refused in this way costs as much as a call
//     without a member, which prolongs the recovery.
//   - EwsPercentTimeInCAS and the like, of Exchange 2010: a separate budget for each
//     resource. A call that would have to wait longer than MaxDelay gets the fault
//     ErrorServerBusy with the time as BackOffMilliseconds.
//   - A batch that has run for BatchLimit ends: the next member gets ErrorTimeoutExpired,
//     and those after it ErrorBatchProcessingStopped. None of them is processed.
//
// The names that begin with Ews are those of the cmdlet New-ThrottlingPolicy, and so are
// their units. Zero means no limit. See
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
// and https://learn.microsoft.com/en-us/exchange/server-health/workload-management.
type Throttling struct {
	// EwsMaxConcurrency is how many calls may be in flight before
	// ErrorExceededConnectionCount.
	EwsMaxConcurrency int

	// EwsMaxBurst is the largest balance, with which a payer begins, in milliseconds.
	EwsMaxBurst int
	// EwsRechargeRate is how much the balance grows per hour, in milliseconds. Required
	// with EwsMaxBurst.
	EwsRechargeRate int
	// EwsCutoffBalance is how far the balance may be overdrawn, in milliseconds.
	EwsCutoffBalance int

	// EwsPercentTimeInCAS is the share of a minute, in percent, that the server may work
	// for the payer: 90 means 54 seconds. EwsPercentTimeInMailboxRPC and
	// EwsPercentTimeInAD are how much of that it may spend in calls to the store and to
	// Active Directory.
	EwsPercentTimeInCAS, EwsPercentTimeInMailboxRPC, EwsPercentTimeInAD int

	// EwsFindCountLimit is how many items and folders the unsent answers of FindItem and
	// FindFolder may contain in total. A page is cut to what is left. If nothing is left,
	// or more is found without a paging view, the answer is ErrorServerBusy for requests
	// of version Exchange2010 and earlier, and ErrorExceededFindCountLimit for later
	// ones. A single call never returns more than 1000, or 250 with a condition since
	// Exchange 2013.
	EwsFindCountLimit int

	// LockOut is the minimum time a payer is locked out. Default: 5 minutes, as in event
	// 4023 of MSExchange ADAccess and in observed values of BackOffMilliseconds.
	LockOut time.Duration

	// MaxDelay is the longest micro-delay before a call, or before a member of a batch.
	// Negative: no delay. Default: 1 minute, as published for Exchange 2010 SP1
	// (https://techcommunity.microsoft.com/blog/exchange/effects-of-throttling-on-your-deployment-in-exchange-2010-sp1/590824).
	// Nobody has published the delays of later versions.
	MaxDelay time.Duration

	// BatchLimit is how long a batch may run before the server stops beginning new
	// members; the delay before the batch does not count. Negative: no limit. Default: 1
	// minute.
	BatchLimit time.Duration

	// Cost returns the cost of a member of a batch, which is also the time it takes; its
	// values must not be negative. It may be called from several goroutines at the same
	// time. Default: the costs of [DefaultCosts].
	Cost func(Task) Cost
}

// DefaultThrottling returns the default policy of a version: of Exchange 2010, 10 calls
// in flight and 90, 60 and 50 percent of the time in CAS, mailbox RPC and AD; of later
// versions 27 calls in flight and 300,000, 900,000 and 3,000,000 milliseconds of burst,
// recharge and cut-off. The zero version is Exchange2016. The policy of Exchange Online
// is not published; it is assumed to be that of Exchange 2013.
func DefaultThrottling(v Version) *Throttling {
	if v == Exchange2010SP3 {
		return &Throttling{
			EwsMaxConcurrency: 10, EwsFindCountLimit: 1000,
			EwsPercentTimeInCAS: 90, EwsPercentTimeInMailboxRPC: 60, EwsPercentTimeInAD: 50,
		}
	}
	return &Throttling{EwsMaxConcurrency: 27, EwsMaxBurst: 300_000, EwsRechargeRate: 900_000, EwsCutoffBalance: 3_000_000}
}

// Validate returns an error that describes what is wrong with a policy.
func (p *Throttling) Validate() error {
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"EwsMaxConcurrency", int64(p.EwsMaxConcurrency)},
		{"EwsMaxBurst", int64(p.EwsMaxBurst)},
		{"EwsRechargeRate", int64(p.EwsRechargeRate)},
		{"EwsCutoffBalance", int64(p.EwsCutoffBalance)},
		{"EwsPercentTimeInCAS", int64(p.EwsPercentTimeInCAS)},
		{"EwsPercentTimeInMailboxRPC", int64(p.EwsPercentTimeInMailboxRPC)},
		{"EwsPercentTimeInAD", int64(p.EwsPercentTimeInAD)},
		{"EwsFindCountLimit", int64(p.EwsFindCountLimit)},
		{"LockOut", int64(p.LockOut)},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s must not be negative", n.name)
		}
	}
	switch {
	case (p.EwsMaxBurst == 0) != (p.EwsRechargeRate == 0):
		return errors.New("EwsMaxBurst and EwsRechargeRate belong together: give both or none")
	case p.EwsCutoffBalance > 0 && p.EwsMaxBurst == 0:
		return errors.New("EwsCutoffBalance has no effect without EwsMaxBurst and EwsRechargeRate")
	}
	return nil
}

// settled returns a copy with the defaults filled in, or nil for nil. It panics if the
// policy is not valid.
func (p *Throttling) settled() *Throttling {
	if p == nil {
		return nil
	}
	if err := p.Validate(); err != nil {
		panic("ewstest: Throttling: " + err.Error())
	}
	q := *p
	if q.LockOut == 0 {
		q.LockOut = 5 * time.Minute
	}
	if q.MaxDelay == 0 {
		q.MaxDelay = time.Minute
	}
	if q.BatchLimit == 0 {
		q.BatchLimit = time.Minute
	}
	if q.Cost == nil {
		q.Cost = DefaultCosts().Of
	}
	return &q
}
