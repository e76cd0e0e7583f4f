package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// WorkerOptions configures [NewWorkers]. nil or the zero value means the defaults.
type WorkerOptions struct {
	// Jobs is how many jobs of a kind this process does at a time, 1 to 64. In all of them
	// together, PerServer of [quarantine.RouterOptions] bounds the targets in progress on a
	// server. A job of a small campaign has few targets, so few jobs leave much of that
	// unused; with many, one process takes work that others could do. Default: 8.
	Jobs int

	// TakeOverAfter is how long a process may have a job before another assumes that it has
	// died and begins the job again; River looks for such jobs every 30 seconds. If the
	// first is still working on it, nothing is lost or duplicated: the journal and the
	// stamps prevent that. A job begins nothing more after a third of this time, and hands
	// itself on after half of it; a plan, which cannot be handed on, may take six times as
	// long. Carrying one message, or putting one back, must take less than that half. The
	// value must be the same for all processes, and at least 4 seconds. Default: 10
	// minutes.
	TakeOverAfter time.Duration

	// Settle is how long after its last try an undecided target is tried again, and how
	// often what crashes have left is recovered. Default: 5 minutes.
	Settle time.Duration

	// MaxTries is how often a target is tried before its failure is final. Default: 10.
	MaxTries int

	// MaxPause is the longest pause, asked for by a server, during which jobs wait where
	// they are; for a longer one they are put off, and the workers do something else.
	// Default: 10 seconds.
	MaxPause time.Duration

	// SoftStop is how long jobs may continue when the process stops; then they are handed
	// on to other processes. Default: 30 seconds.
	SoftStop time.Duration

	// Logger receives a record for each job and each target with a problem, with campaign,
	// mailbox and reference, and River's own records at Warn. Default: records are
	// discarded.
	Logger *slog.Logger
}

func (o *WorkerOptions) complete() error {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.TakeOverAfter, 10 * time.Minute}, {&o.Settle, 5 * time.Minute}, {&o.MaxPause, 10 * time.Second}, {&o.SoftStop, 30 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Jobs == 0 {
		o.Jobs = 8
	}
	if o.MaxTries == 0 {
		o.MaxTries = 10
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	bad := func(field, problem string) error {
		return &quarantine.InvalidError{What: "options of workers", Field: field, Problem: problem}
	}
	var all []error
	if o.Jobs < 1 || o.Jobs > 64 {
		all = append(all, bad("Jobs", fmt.Sprintf("is %d; give 1 to 64", o.Jobs)))
	}
	if o.MaxTries < 1 {
		all = append(all, bad("MaxTries", fmt.Sprintf("is %d; give 1 or more", o.MaxTries)))
	}
	if o.TakeOverAfter < 4*time.Second {
		all = append(all, bad("TakeOverAfter", fmt.Sprintf("is %v; give 4s or more", o.TakeOverAfter)))
	}
	if o.Settle < 0 || o.MaxPause < 0 || o.SoftStop < 0 {
		all = append(all, bad("Settle, MaxPause or SoftStop", "is negative; give a time, or leave it out"))
	}
	return errors.Join(all...)
}

// Workers do the jobs of campaigns in this process. Any number of processes may do so over
// one database.
type Workers struct {
	*Campaigns
	router *quarantine.Router
	opts   WorkerOptions
	config *river.Config
	client *river.Client[pgx.Tx]
	clock  clock
}

// NewWorkers returns workers that have a router do the work; the caller keeps the router,
// and closes it. The services of the router must share one [Journal], and have the same
// names in all processes. NewWorkers does no I/O. The error joins an
// [*quarantine.InvalidError] for each option that cannot be used.
func NewWorkers(campaigns *Campaigns, router *quarantine.Router, opts *WorkerOptions) (*Workers, error) {
	w := &Workers{Campaigns: campaigns, router: router}
	if opts != nil {
		w.opts = *opts
	}
	if err := w.opts.complete(); err != nil {
		return nil, err
	}
	kinds := river.NewWorkers()
	river.AddWorker(kinds, &planner{Workers: w})
	river.AddWorker(kinds, &taker{Workers: w})
	river.AddWorker(kinds, &restorer{Workers: w})
	river.AddWorker(kinds, &recoverer{Workers: w})
	w.config = &river.Config{
		Workers: kinds,
		// Jobs that a later version has inserted are left to that.
		FetchOnlyKnownKinds: true,
		Queues: map[string]river.QueueConfig{
			queuePlan: {MaxWorkers: w.opts.Jobs}, queueTake: {MaxWorkers: w.opts.Jobs},
			queueRestore: {MaxWorkers: w.opts.Jobs}, queueRecover: {MaxWorkers: 1},
		},
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(
			river.PeriodicInterval(w.opts.Settle),
			func() (river.JobArgs, *river.InsertOpts) { return recoverArgs{}, nil },
			&river.PeriodicJobOpts{ID: "fleet_recover", RunOnStart: true},
		)},
		JobTimeout:           w.opts.TakeOverAfter * 3 / 4,
		RescueStuckJobsAfter: w.opts.TakeOverAfter,
		SoftStopTimeout:      w.opts.SoftStop,
		Logger:               slog.New(warnings{w.opts.Logger.Handler()}),
		ErrorHandler:         &failures{w.opts.Logger},
		Test:                 river.TestConfig{Time: &w.clock}, // there is no other way to give River a clock
	}
	client, err := newClient(campaigns.pool, w.config)
	if err != nil {
		return nil, err
	}
	w.client = client
	return w, nil
}

// Start begins to do jobs. When ctx ends, no more are begun, and those in progress have
// SoftStop to end. The error is from the database. A clock that differs from that of the
// database by more than 5 seconds is logged. It does no harm: where the two are compared,
// they are corrected by their difference at the start.
func (w *Workers) Start(ctx context.Context) error { return w.start(ctx) }

// Stopped returns a channel that is closed when no job is in progress any more, after Stop
// or the end of the context of Start.
func (w *Workers) Stopped() <-chan struct{} { return w.client.Stopped() }

// Stop stops beginning jobs, and returns when those in progress have ended or were handed
// on, or when ctx ends.
func (w *Workers) Stop(ctx context.Context) error { return w.client.Stop(ctx) }

// slice is how long a job works before it hands itself on.
func (w *Workers) slice() time.Duration { return w.opts.TakeOverAfter / 2 }

// warnings lets through River's records at Warn and above.
type warnings struct{ slog.Handler }

// Enabled reports whether records of a level are kept.
func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// WithAttrs keeps the level.
func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the level.
func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
