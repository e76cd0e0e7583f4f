package exchange

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Throttling is the throttling policy that the administrator has set, if it is not
// Exchange's default: the policy of whoever is charged for most of the work. That is the
// account or, with Impersonation, the quarantine mailbox; users' mailboxes keep the
// defaults of the server's version. The numbers are those that Get-ThrottlingPolicy shows
// on Exchange 2013 and later. See package throttle.
type Throttling struct {
	// Concurrency is the maximum number of calls in flight; leave some of EwsMaxConcurrency
	// to other programs. At most 1000. Default: 20 on Exchange 2013 and later, where the
	// policy allows 27, otherwise 8.
	Concurrency int `json:"concurrency,omitempty"`

	// EwsMaxBurst is how much of the server's time may be used in one burst, in
	// milliseconds. At least 1000. Default: 300000, on Exchange 2013 and later.
	EwsMaxBurst int `json:"ewsMaxBurst,omitempty"`

	// EwsRechargeRate is how much of the server's time may be used per hour in the long
	// run, in milliseconds. At least 1000. Default: 900000, on Exchange 2013 and later.
	EwsRechargeRate int `json:"ewsRechargeRate,omitempty"`

	// EwsCutoffBalance is how much more of the server's time may be used before the server
	// refuses calls instead of delaying them, in milliseconds. Default: 3000000, on
	// Exchange 2013 and later.
	EwsCutoffBalance int `json:"ewsCutoffBalance,omitempty"`

	// Unlimited means that the policy does not limit the server's time (null, shown as
	// Unlimited), so calls need not wait for that. Default: false.
	Unlimited bool `json:"unlimited,omitempty"`

	// Probe uses more than EwsRechargeRate as long as the server does not delay calls, for
	// when the policy is not known. Some calls are then delayed. Default: false.
	Probe bool `json:"probe,omitempty"`
}

// Bounds of throttling.
const (
	maxConcurrency = 1000
	minBudget      = 1000 // milliseconds
)

// throttling checks the throttling policy.
func (v *configCheck) throttling(t Throttling) {
	const field = "throttling."
	if t.Concurrency < 0 || t.Concurrency > maxConcurrency {
		v.problem(field+"concurrency", "must be from 1 to 1000; leave it out for the default")
	}
	for _, n := range []struct {
		name  string
		value int
		least int
	}{
		{"ewsMaxBurst", t.EwsMaxBurst, minBudget}, {"ewsRechargeRate", t.EwsRechargeRate, minBudget}, {"ewsCutoffBalance", t.EwsCutoffBalance, 0},
	} {
		switch {
		case n.value < 0:
			v.problem(field+n.name, "must be a positive number of milliseconds; leave it out for the default")
		case n.value > 0 && n.value < n.least:
			v.problem(field+n.name, "is below a second; use milliseconds, as Get-ThrottlingPolicy shows them")
		case n.value != 0 && t.Unlimited:
			v.problem(field+n.name, `is set together with "unlimited": true, which lifts that bound; remove one of them`)
		}
	}
	if t.Probe && t.Unlimited {
		v.problem(field+"probe", `has no effect with "unlimited": true; remove one of them`)
	}
}

// budget returns the configured token bucket, or the zero value if none is set.
func (t Throttling) budget() throttle.Budget {
	of := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	return throttle.Budget{
		MaxBurst: of(t.EwsMaxBurst), RechargeRate: of(t.EwsRechargeRate), CutoffBalance: of(t.EwsCutoffBalance),
		Unlimited: t.Unlimited, Probe: t.Probe,
	}
}

// limits are the settings of a payer in a [throttle.Limiter].
type limits interface {
	SetLimit(payer string, n int)
	SetBudget(payer string, b throttle.Budget) error
}

var _ limits = (*throttle.Limiter)(nil)

// limit applies the throttling policy to a limiter. c has its defaults.
func (c *Config) limit(limiter ews.Limiter) error {
	if c.Throttling == (Throttling{}) {
		return nil
	}
	l, ok := limiter.(limits)
	if !ok {
		return driver.Invalid(configNamed(c.Name), "throttling", "is set, but Limiter of the options is not one of package throttle; remove throttling, and tell that limiter")
	}
	payer := c.Authentication.Username
	if c.Access == Impersonation {
		payer = c.QuarantineMailbox
	}
	if n := c.Throttling.Concurrency; n > 0 {
		l.SetLimit(payer, n)
	}
	if b := c.Throttling.budget(); b != (throttle.Budget{}) {
		return l.SetBudget(payer, b)
	}
	return nil
}
