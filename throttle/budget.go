package throttle

import (
	"fmt"
	"time"
)

// Budget is the token bucket of Exchange 2013 and later for one payer. Its balance is the
// server time that calls may use. It recharges steadily, and each call takes from it the
// time that the server works on it. The names are from Set-ThrottlingPolicy, where the
// values are in milliseconds.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange.
type Budget struct {
	// MaxBurst is the highest balance (EwsMaxBurst): how much can be used in a burst after
	// a rest. Default: 5 minutes.
	MaxBurst time.Duration

	// RechargeRate is what is added per hour (EwsRechargeRate): how much can be used
	// in the long run. Default: 15 minutes, which on average allows a quarter of a call to
	// be in progress.
	RechargeRate time.Duration

	// CutoffBalance is how far below zero the balance can fall before the server refuses
	// every call until it is above zero again (EwsCutoffBalance). From zero down to there,
	// the server only delays calls. Default: 50 minutes.
	CutoffBalance time.Duration

	// Unlimited is for a policy whose values are null ("unlimited"), and turns the model
	// of the bucket off. The other fields must be zero.
	Unlimited bool

	// Probe lets the rate rise slowly above RechargeRate, while callers are waiting for it
	// and the server does not delay calls, to find out what the server allows. Some calls
	// are then delayed, since that is how the bound is found; and a client cannot tell
	// such delays from slow responses with certainty. Default: false; the rate never
	// exceeds RechargeRate.
	Probe bool
}

// DefaultBudget returns the default policy of Exchange 2013 and later.
func DefaultBudget() Budget {
	return Budget{MaxBurst: 5 * time.Minute, RechargeRate: 15 * time.Minute, CutoffBalance: 50 * time.Minute}
}

// bounds reports whether there is a bucket to model.
func (b Budget) bounds() bool { return !b.Unlimited && b != Budget{} }

// withDefaults fills in the defaults of a budget that is set in part.
func (b Budget) withDefaults() Budget {
	if !b.bounds() {
		return b
	}
	d := DefaultBudget()
	b.MaxBurst = orDefault(b.MaxBurst, d.MaxBurst)
	b.RechargeRate = orDefault(b.RechargeRate, d.RechargeRate)
	b.CutoffBalance = orDefault(b.CutoffBalance, d.CutoffBalance)
	return b
}

// orDefault is withDefaults, except that it turns the zero value into the default budget.
func (b Budget) orDefault() Budget {
	if b == (Budget{}) {
		return DefaultBudget()
	}
	return b.withDefaults()
}

// Bounds on the settings, which keep the arithmetic exact.
const (
	minBurst = time.Second
	maxTime  = 1000 * time.Hour
)

// check returns an error if the budget cannot be used; name is its name in the error.
func (b Budget) check(name string) error {
	if b.Unlimited && b != (Budget{Unlimited: true}) {
		return fmt.Errorf("throttle: %s is Unlimited, but has other fields set; leave them out", name)
	}
	for _, field := range []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"MaxBurst", b.MaxBurst, minBurst}, {"RechargeRate", b.RechargeRate, minBurst}, {"CutoffBalance", b.CutoffBalance, 0},
	} {
		switch {
		case field.value < 0:
			return fmt.Errorf("throttle: %s.%s is negative; use 0 for the default", name, field.name)
		case field.value > maxTime:
			return fmt.Errorf("throttle: %s.%s is longer than %v; set Unlimited if the policy has no such bound", name, field.name, maxTime)
		case field.value != 0 && field.value < field.least:
			return fmt.Errorf("throttle: %s.%s is shorter than a second, so no call would ever be allowed", name, field.name)
		}
	}
	return nil
}
