package ewstest

import "time"

// meter is a budget of server time: a bucket that recharges continuously. The lock of the
// budgets guards it.
type meter struct {
	most    time.Duration // the initial and maximum balance
	rate    float64       // seconds recharged per second
	cutoff  time.Duration // how far it may be overdrawn before its payer is locked out; 0: no limit
	refuses bool          // refuses a call that would have to wait too long, instead of capping the wait
	part    func(Cost) time.Duration

	balance time.Duration
	at      time.Time // when the balance was computed
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

// until returns how long it takes to reach a balance, or 0 if it is already reached.
func (m *meter) until(balance time.Duration) time.Duration {
	if m.balance >= balance {
		return 0
	}
	// Rounded up to the protocol's resolution.
	return (time.Duration(float64(balance-m.balance)/m.rate) + time.Millisecond - 1).Truncate(time.Millisecond)
}

// cut reports whether the budget is overdrawn to its cut-off.
func (m *meter) cut() bool { return m.cutoff > 0 && m.balance <= -m.cutoff }
