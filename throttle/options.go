package throttle

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"time"
)

// Options are the settings of a [Limiter]. nil or the zero value means the
// defaults.
type Options struct {
	// PerPayer bounds the calls in flight for one payer, on every version. Default:
	// DefaultPerPayer, and Concurrency of the payer's [Preset] once its server's version
	// is known.
	PerPayer int

	// Limits holds the bounds of payers that differ from PerPayer, such as the
	// quarantine mailbox or the service account. Names are not case-sensitive.
	// Each bound must be at least 1.
	Limits map[string]int

	// Preset returns what a version of Exchange lets one payer do, for a major version
	// above 0: see [PresetFor]. It must not call the limiter. It is called
	// once the version is known, which package ews reports with each call. If a
	// payer's mailboxes are on several versions, the strictest bounds apply.
	// Default: PresetFor.
	Preset func(major int) Preset

	// Budget is the token bucket of every payer, whatever the version, for servers whose
	// policy is not the default one. Fields that are zero have their defaults.
	// Default: the budget of the payer's Preset.
	Budget Budget

	// Budgets holds the token buckets of payers that differ from Budget, such as a
	// service account with its own policy. Names are not case-sensitive.
	Budgets map[string]Budget

	// MaxConcurrent bounds the calls in flight across all payers. A reservation
	// counts as one, however many slots it holds, together with the calls made with it.
	// Waiting payers take turns.
	// Default: 0, no bound.
	MaxConcurrent int

	// BackOffMin and BackOffMax bound the time a payer is parked when the
	// server throttles without saying for how long. The n-th time in a row it
	// is between half of and the whole of min(BackOffMin*2^n, BackOffMax), and
	// never below BackOffMin. Default: 10 seconds and 1 minute.
	BackOffMin, BackOffMax time.Duration

	// MaxPark is the longest time that a hint can park a payer; longer hints are
	// cut to it. Exchange Online often asks for 5 minutes; hours come from a bug
	// or a proxy. Default: 30 minutes.
	MaxPark time.Duration

	// Jitter returns a number in [0, 1) that spreads delays without a hint. It
	// must be safe for concurrent use. Default: math/rand/v2.
	Jitter func() float64

	// OnPark is called, without locks held, each time a payer is parked or its
	// park is extended. It is meant for logs and metrics, and should return quickly: the
	// worker that reported the throttling waits for it. Default: none.
	OnPark func(ParkEvent)
}

// ParkEvent reports that a payer is parked.
type ParkEvent struct {
	Payer   string        // in lower case
	Until   time.Time     // when the payer may call again
	For     time.Duration // how long that is from now
	Hinted  bool          // the server said how long
	Allowed int           // calls in flight allowed from then on
}

// withDefaults returns a validated copy of o with its defaults filled in.
func (o *Options) withDefaults() (Options, error) {
	var opts Options
	if o != nil {
		opts = *o
	}
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"PerPayer", int64(opts.PerPayer)},
		{"MaxConcurrent", int64(opts.MaxConcurrent)},
		{"BackOffMin", int64(opts.BackOffMin)},
		{"BackOffMax", int64(opts.BackOffMax)},
		{"MaxPark", int64(opts.MaxPark)},
	} {
		if field.value < 0 {
			return Options{}, fmt.Errorf("throttle: %s is negative; use 0 for the default", field.name)
		}
	}
	limits := make(map[string]int, len(opts.Limits))
	for name, n := range maps.All(opts.Limits) {
		if n < 1 {
			return Options{}, fmt.Errorf("throttle: Limits[%q] is %d; it must be at least 1", name, n)
		}
		key := strings.ToLower(name)
		if _, twice := limits[key]; twice {
			return Options{}, fmt.Errorf("throttle: Limits contains %q twice, in different case", key)
		}
		limits[key] = n
	}
	opts.Limits = limits
	if err := opts.checkBudgets(); err != nil {
		return Options{}, err
	}
	if opts.Preset == nil {
		opts.Preset = PresetFor
	}
	opts.BackOffMin = orDefault(opts.BackOffMin, 10*time.Second)
	opts.BackOffMax = orDefault(opts.BackOffMax, max(time.Minute, opts.BackOffMin))
	opts.MaxPark = orDefault(opts.MaxPark, 30*time.Minute)
	if opts.BackOffMax < opts.BackOffMin {
		return Options{}, fmt.Errorf("throttle: BackOffMax (%v) is below BackOffMin (%v)", opts.BackOffMax, opts.BackOffMin)
	}
	if opts.Jitter == nil {
		opts.Jitter = rand.Float64
	}
	return opts, nil
}

// checkBudgets validates the budgets and fills in their defaults.
func (o *Options) checkBudgets() error {
	if err := o.Budget.check("Budget"); err != nil {
		return err
	}
	o.Budget = o.Budget.withDefaults()
	budgets := make(map[string]Budget, len(o.Budgets))
	for name, b := range o.Budgets {
		if err := b.check(fmt.Sprintf("Budgets[%q]", name)); err != nil {
			return err
		}
		key := strings.ToLower(name)
		if _, twice := budgets[key]; twice {
			return fmt.Errorf("throttle: Budgets contains %q twice, in different case", key)
		}
		budgets[key] = b.orDefault()
	}
	o.Budgets = budgets
	return nil
}

func orDefault[T int | time.Duration](value, def T) T {
	if value == 0 {
		return def
	}
	return value
}

// delay returns how long to park a payer that was throttled without a hint for
// the n-th time in a row, counted from 1.
func (o *Options) delay(n int) time.Duration {
	d := o.BackOffMin
	for range n {
		if d >= o.BackOffMax/2 {
			d = o.BackOffMax
			break
		}
		d *= 2
	}
	half := d / 2
	return max(half+time.Duration(o.Jitter()*float64(half)), o.BackOffMin)
}
