package quarantine_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// process is a program that can crash: it then sends nothing, gets no answer, and
// writes nothing into its journal.
type process struct {
	dead    atomic.Bool
	service *quarantine.Service
}

var errCrashed = errors.New("the process has crashed")

// start returns a new process, in which each call is a point where something can go
// differently.
func (x *exploration) start() *process {
	p := &process{}
	limiter, err := throttle.New(&throttle.Options{
		BackOffMin: time.Millisecond, BackOffMax: 2 * time.Millisecond,
		Budget: throttle.Budget{Unlimited: true}, // slow answers are not the throttling policy's here
	})
	require.NoError(x.t, err)
	t := tap{limiter, x, p}
	client, err := ews.NewClient(x.DirectURL(), &ews.Options{Transport: wire{x.As(x.Direct(), "svc"), x, p}, Limiter: t, Payer: "svc"})
	require.NoError(x.t, err)
	opts := &ewsmail.Options{Ways: x.options.ways}
	var s driver.Strategy
	if x.options.impersonation {
		s, err = ewsmail.NewImpersonation(client, opts)
	} else {
		s, err = ewsmail.NewFullAccess(client, opts)
	}
	require.NoError(x.t, err)
	s = gatheredIf(s, nil)
	if x.scene.renames {
		s = renaming{s, x.Server}
	}
	settings := quarantine.Options{}
	x.options.settings(&settings)
	if x.scene.journal {
		x.journal.Restart()
		settings.Journal = mortalJournal{x, p}
	}
	p.service, err = quarantine.New(s, vault, &settings)
	require.NoError(x.t, err)
	return p
}

// tap is where a call begins: nothing of it has been sent, and none of its
// timers has started.
type tap struct {
	*throttle.Limiter
	x *exploration
	p *process
}

func (t tap) Acquire(ctx context.Context, payer string) (func(bool, time.Duration), error) {
	if !t.p.dead.Load() {
		t.x.before()
	}
	release, err := t.Limiter.Acquire(ctx, payer)
	if err != nil && !t.p.dead.Load() {
		t.x.under = t.x.under[:len(t.x.under)-1]
	}
	return release, err
}

// wire is where a call ends: the server has acted, and nobody has read the answer.
type wire struct {
	next http.RoundTripper
	x    *exploration
	p    *process
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.p.dead.Load() {
		return nil, errCrashed
	}
	planned := w.x.send(r)
	a, err := w.next.RoundTrip(r)
	if !w.p.dead.Load() {
		w.x.after(planned)
	}
	if w.p.dead.Load() {
		return nil, errCrashed
	}
	return a, err
}

// mortalJournal keeps its contents when the process crashes. Its claims die with the
// process, as with a journal that only one process uses.
type mortalJournal struct {
	x *exploration
	p *process
}

func (j mortalJournal) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	if j.p.dead.Load() {
		return quarantine.Claim{}, errCrashed
	}
	return j.x.journal.Begin(ctx, in, owner, lease)
}

func (j mortalJournal) Claim(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
	if j.p.dead.Load() {
		return quarantine.Intent{}, quarantine.Claim{}, errCrashed
	}
	return j.x.journal.Claim(ctx, operation, owner, lease)
}

func (j mortalJournal) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	if j.p.dead.Load() {
		return quarantine.Claim{}, errCrashed
	}
	return j.x.journal.Renew(ctx, c, lease)
}

func (j mortalJournal) Finish(ctx context.Context, c quarantine.Claim) error {
	if j.p.dead.Load() {
		return errCrashed
	}
	return j.x.journal.Finish(ctx, c)
}

func (j mortalJournal) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	if j.p.dead.Load() {
		return func(yield func(quarantine.Intent, error) bool) { yield(quarantine.Intent{}, errCrashed) }
	}
	return j.x.journal.Pending(ctx)
}

func (j mortalJournal) FindOperation(ctx context.Context, operation string) (quarantine.Intent, bool, error) {
	if j.p.dead.Load() {
		return quarantine.Intent{}, false, errCrashed
	}
	return j.x.journal.FindOperation(ctx, operation)
}

func (j mortalJournal) FindTarget(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	if j.p.dead.Load() {
		return nil, errCrashed
	}
	return j.x.journal.FindTarget(ctx, t)
}
