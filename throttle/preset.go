package throttle

// Bounds on the calls in flight for one payer that stay below the server's own
// (EWSMaxConcurrency: 10 on Exchange 2010, 27 since 2013).
const (
	// DefaultPerPayer is safe on every version, for a service account and for a
	// mailbox.
	DefaultPerPayer = 8
	// LimitServiceAccount2010 suits a service account on Exchange 2010.
	LimitServiceAccount2010 = 8
	// LimitServiceAccount2013 suits a service account on Exchange 2013 and later.
	LimitServiceAccount2013 = 20
	// LimitQuarantineMailbox suits the mailbox that receives all copies, with
	// impersonation, on Exchange 2013 and later.
	LimitQuarantineMailbox = 10
)

// Preset is what a version of Exchange lets one payer do, unless its administrator has
// changed that.
type Preset struct {
	// Concurrency bounds the calls in flight. A payer starts with at most DefaultPerPayer,
	// and gains one more for every ten calls that were not throttled. At least 1.
	Concurrency int

	// Budget bounds the server time that calls use. The zero value means no bound.
	Budget Budget
}

// PresetFor returns the preset of a version of Exchange, given by its major version: 14 is
// Exchange 2010, 15 is any later version or Exchange Online, 0 is unknown. Versions
// since 2013 have a token bucket, which [DefaultBudget] describes; 2010 bounds percentages
// of time instead, for which the bound on calls in flight has to do.
func PresetFor(major int) Preset {
	switch {
	case major <= 0:
		return Preset{Concurrency: DefaultPerPayer}
	case major < 15:
		return Preset{Concurrency: LimitServiceAccount2010}
	}
	return Preset{Concurrency: LimitServiceAccount2013, Budget: DefaultBudget()}
}

// stricter returns what both presets allow, for a payer with mailboxes on servers of
// several versions.
func (p Preset) stricter(other Preset) Preset {
	p.Concurrency = min(p.Concurrency, other.Concurrency)
	switch {
	case !p.Budget.bounds():
		p.Budget = other.Budget
	case other.Budget.bounds():
		p.Budget.MaxBurst = min(p.Budget.MaxBurst, other.Budget.MaxBurst)
		p.Budget.RechargeRate = min(p.Budget.RechargeRate, other.Budget.RechargeRate)
		p.Budget.CutoffBalance = min(p.Budget.CutoffBalance, other.Budget.CutoffBalance)
		p.Budget.Probe = p.Budget.Probe && other.Budget.Probe
	}
	return p
}
