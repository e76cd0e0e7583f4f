package ewstest

import "time"

// meter is a budget of time in which the server may work: a bucket that recharges all the
// time. The lock of the budgets guards it.
type meter struct {
	most    time.Duration // the balance that it begins with and does not exceed
	rate    float64       // what it recharges in a second, in seconds
	cutoff  time.Duration // how far it may be overdrawn before its payer is locked out; 0: for ever
	refuses bool          // a call that would have to wait for too long, instead of cutting the wait
	part    func(Cost) time.Duration

	balance time.Duration
	at      time.Time // when that was the balance
}

// meters returns the full budgets of a policy.
func (p *Throttling) meters(now time.Time) []*meter {
	if p == nil {
		return nil
	}
	var all []*meter
	if p.EwsMaxBurst > 0 {
		all = append(all, &meter{
			most: milliseconds(p.EwsMaxBurst), rate: float64(p.EwsRechargeRate) / float64(time.Hour.Milliseconds()),
			cutoff: milliseconds(p.EwsCutoffBalance),
			part:   func(c Cost) time.Duration { return c.CAS },
		})
	}
	for _, percent := range []struct {
		of   int
		part func(Cost) time.Duration
	}{
		{p.EwsPercentTimeInCAS, func(c Cost) time.Duration { return c.CAS }},
		{p.EwsPercentTimeInMailboxRPC, func(c Cost) time.Duration { return c.MailboxRPC }},
		{p.EwsPercentTimeInAD, func(c Cost) time.Duration { return c.AD }},
	} {
		if percent.of > 0 {
			all = append(all, &meter{
				most: time.Minute * time.Duration(percent.of) / 100, rate: float64(percent.of) / 100,
				refuses: true, part: percent.part,
			})
		}
	}
	for _, m := range all {
		m.balance, m.at = m.most, now
	}
	return all
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// recharge brings the balance up to date.
func (m *meter) recharge(now time.Time) {
	if passed := now.Sub(m.at); passed > 0 {
		grown := float64(passed) * m.rate // may be more than a Duration holds
		if grown >= float64(m.most-m.balance) {
			m.balance = m.most
		} else {
			m.balance += time.Duration(grown)
		}
		m.at = now
	}
}

// until returns how long the balance takes to be at least so much, 0 if it is.
func (m *meter) until(balance time.Duration) time.Duration {
	if m.balance >= balance {
		return 0
	}
	// Rounded up to what the protocol can say.
	return (time.Duration(float64(balance-m.balance)/m.rate) + time.Millisecond - 1).Truncate(time.Millisecond)
}

// cut reports whether the budget is overdrawn as far as it may be.
func (m *meter) cut() bool { return m.cutoff > 0 && m.balance <= -m.cutoff }
