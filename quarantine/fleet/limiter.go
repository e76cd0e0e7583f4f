package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// Limiter decides, for all workers together, when a call may be sent: it is the
// [ews.Limiter] of each of them. It has two kinds of payers.
//
// Shared payers are those that are named: the service account, with FullAccess, or the
// quarantine mailbox, with impersonation. All calls charged to them, by all workers, keep
// to one bound on calls in flight and to one bucket. A worker has a lease on a part of
// both. While it has work, it renews the lease and asks for more or less, with one
// statement every Refresh for all payers together, however many calls there are; what it
// does not use goes back. If all want more than there is, each gets the same.
//
// The other payers are mailboxes, in each of which usually only one worker is at work. Each
// worker keeps to its part of what the version of Exchange allows them, which is 1/Workers,
// and asks nobody.
//
// If the server asks a payer of either kind to slow down, all workers leave it alone for
// that long: the worker that was told does so immediately, the others when they next ask.
//
// While the database does not answer, a worker uses what it has until the lease ends, and
// then its part, 1/Workers. Calls in flight are not cut short: those of a worker that lost
// the database continue beyond its lease, and the bound may be exceeded by them, and by its
// part if other workers have borrowed that.
//
// Within a worker, the mailboxes on whose behalf calls wait take turns, and the bound on calls
// in flight adapts to refusals: both as in package throttle.
type Limiter struct {
	db       database
	holder   string
	workers  int
	refresh  time.Duration
	lease    time.Duration
	log      *slog.Logger
	local    *throttle.Limiter
	kick     chan struct{} // full: ask the database now
	trips    int64         // statements sent
	mu       sync.Mutex
	accounts map[string]*account  // shared payers
	fences   map[string]time.Time // until when payers are left alone
	news     map[string]time.Time // fences that the database has not been told of
	queue    []*ticket            // oldest first
	active   int                  // calls in flight, and reservations
	running  bool                 // whether the database is asked regularly
	silent   bool                 // the database did not answer when it was last asked
}

var _ ews.Reserver = (*Limiter)(nil)

// Share is the budget of a payer that all workers share.
type Share struct {
	// Concurrency bounds the calls in flight. Default: [throttle.LimitServiceAccount2013].
	Concurrency int

	// Budget is the token bucket of the server's time, of Exchange 2013 and later: see
	// [throttle.Budget]. CutoffBalance and Probe have no effect. Each call is charged the
	// time until its response has been read, at most a minute. Default:
	// [throttle.DefaultBudget], unless there is a Rate.
	Budget throttle.Budget

	// Rate bounds the number of calls instead. Default: none.
	Rate Rate
}

// Rate allows a number of calls in a period of time: a burst of Calls after a rest, and
// then one every Per/Calls. The zero value sets no bound.
type Rate struct {
	Calls int
	Per   time.Duration
}

// LimiterOptions are the settings of a [Limiter].
type LimiterOptions struct {
	// Payers are the shared payers by name, which is not case-sensitive. See also
	// [Limiter.SetLimit]. Default: none.
	Payers map[string]Share

	// Workers is the maximum number of workers. Each uses 1/Workers of payers that are not
	// shared, and of all payers while the database does not answer. Default: 1.
	Workers int

	// Refresh is how often the database is asked while there is work. Default: 500 ms.
	Refresh time.Duration

	// Lease is how long a worker that has died still holds what it had. It must be at least
	// three times Refresh. Default: 10 seconds.
	Lease time.Duration

	// Timeout is how long the database may take to answer until it counts as silent.
	// Default: 1 second.
	Timeout time.Duration

	// Name is the worker's name in the database, for people who look into it. Each limiter
	// needs its own. Default: a random one.
	Name string

	// Logger receives a record when the database falls silent, and when it answers again.
	// Default: nothing is logged.
	Logger *slog.Logger
}

// NewLimiter returns a limiter over the database of a pool, whose tables [Migrate] has
// made. It does not contact the database yet. The caller keeps the pool, and closes it.
// When there is work, the limiter starts a goroutine that ends by itself after there has
// been none for a while.
func NewLimiter(pool *pgxpool.Pool, opts *LimiterOptions) (*Limiter, error) {
	var o LimiterOptions
	if opts != nil {
		o = *opts
	}
	if pool == nil {
		return nil, driver.Invalid("arguments", "pool", "is nil; make one with pgxpool.New")
	}
	for name, value := range map[string]time.Duration{"Refresh": o.Refresh, "Lease": o.Lease, "Timeout": o.Timeout, "Workers": time.Duration(o.Workers)} {
		if value < 0 {
			return nil, driver.Invalid("options", name, "is negative; leave it out for the default")
		}
	}
	l := &Limiter{
		db: database{pool, cmp.Or(o.Timeout, time.Second)}, holder: shown(cmp.Or(o.Name, rand.Text())), workers: max(o.Workers, 1),
		refresh: cmp.Or(o.Refresh, 500*time.Millisecond), lease: cmp.Or(o.Lease, 10*time.Second), log: cmp.Or(o.Logger, slog.New(slog.DiscardHandler)),
		kick: make(chan struct{}, 1), accounts: make(map[string]*account), fences: make(map[string]time.Time), news: make(map[string]time.Time),
	}
	if l.lease < 3*l.refresh {
		return nil, driver.Invalid("options", "Lease", fmt.Sprintf("is %v, less than three times Refresh (%v); raise it, or lower Refresh", l.lease, l.refresh))
	}
	var err error
	if l.local, err = throttle.New(l.localOptions()); err != nil {
		return nil, err
	}
	for payer, s := range o.Payers {
		if err := l.share(payer, s); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// localOptions returns the options for what each worker does alone.
func (l *Limiter) localOptions() *throttle.Options {
	part := func(p throttle.Preset) throttle.Preset {
		p.Concurrency = max(1, p.Concurrency/l.workers)
		if p.Budget != (throttle.Budget{}) && !p.Budget.Unlimited {
			p.Budget.MaxBurst /= time.Duration(l.workers)
			p.Budget.RechargeRate /= time.Duration(l.workers)
		}
		return p
	}
	return &throttle.Options{
		PerPayer: part(throttle.PresetFor(0)).Concurrency,
		Preset:   func(major int) throttle.Preset { return part(throttle.PresetFor(major)) },
		OnPark:   func(e throttle.ParkEvent) { l.park(e.Payer, e.Until) },
	}
}

// share makes a payer a shared one, or changes its budget.
func (l *Limiter) share(payer string, s Share) error {
	refuse := func(field, text string) error {
		return driver.Invalid("options", fmt.Sprintf("Payers[%q].%s", payer, field), text)
	}
	switch {
	case s.Concurrency < 0:
		return refuse("Concurrency", "is negative; leave it out for the default")
	case s.Rate.Calls < 0 || s.Rate.Per < 0 || (s.Rate.Calls > 0) != (s.Rate.Per > 0):
		return refuse("Rate", "needs Calls and Per, both above zero")
	case s.Rate != (Rate{}) && s.Budget != (throttle.Budget{}) && !s.Budget.Unlimited:
		return refuse("Rate", "is set beside Budget; leave one of them out")
	}
	key := strings.ToLower(payer)
	if err := storable("payer", key); err != nil {
		return err
	}
	if err := l.local.SetBudget(key, cmp.Or(s.Budget, throttle.DefaultBudget())); err != nil { // checks it
		return err
	}
	s.Concurrency = cmp.Or(s.Concurrency, throttle.LimitServiceAccount2013)
	l.local.SetLimit(key, s.Concurrency)
	if err := l.local.SetBudget(key, throttle.Budget{Unlimited: true}); err != nil { // the account has the budget
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[key]
	if a == nil {
		a = &account{expected: usualCall.Seconds()}
		l.accounts[key] = a
	}
	a.configure(s)
	return nil
}

// SetLimit makes a payer a shared one, if it is not yet, and changes the bound on its calls
// in flight. An n below 1 counts as 1. All workers must set the same bound. Calls in flight
// are not affected. Package exchange calls it with the concurrency of the configuration.
func (l *Limiter) SetLimit(payer string, n int) {
	s := l.shareOf(payer)
	s.Concurrency = max(n, 1)
	_ = l.share(payer, s) // this cannot fail
}

// SetBudget makes a payer a shared one, if it is not yet, and changes its token bucket. All
// workers must set the same budget. Package exchange calls it with the throttling policy of
// the configuration.
func (l *Limiter) SetBudget(payer string, b throttle.Budget) error {
	s := l.shareOf(payer)
	s.Budget, s.Rate = b, Rate{}
	return l.share(payer, s)
}

// shareOf returns the share of a payer as it is set.
func (l *Limiter) shareOf(payer string) Share {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.accounts[strings.ToLower(payer)]; a != nil {
		return a.share
	}
	return Share{}
}

// Acquire waits until a call charged to payer may be sent: see [ews.Limiter], and
// [throttle.Limiter] for the arguments of release.
func (l *Limiter) Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error) {
	key := strings.ToLower(payer)
	local, err := l.local.Acquire(ctx, key)
	if err != nil {
		return nil, err
	}
	r, _ := ctx.Value(reservationKey{l}).(*reservation)
	t := &ticket{calls: key, reserved: r.take(l, key)}
	if err := l.enter(ctx, t); err != nil {
		r.putBack(l, t)
		local(false, 0)
		return nil, err
	}
	begun, once := time.Now(), sync.Once{}
	return func(throttled bool, backOff time.Duration) {
		once.Do(func() {
			local(throttled, backOff) // may park the payer
			l.leave(t, time.Since(begun))
			r.putBack(l, t)
		})
	}, nil
}
