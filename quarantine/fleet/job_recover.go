package fleet

import (
	"context"

	"github.com/riverqueue/river"
)

// recoverer settles what crashes have left. River's leader starts it periodically.
type recoverer struct {
	river.WorkerDefaults[recoverArgs]
	*Workers
}

// Work settles the intents in the journal that nobody holds, and then makes sure that every
// open target has a job.
func (w *recoverer) Work(ctx context.Context, _ *river.Job[recoverArgs]) error {
	// A panic at an intent must not keep open targets from getting jobs.
	survive(ctx, w.opts.Logger, func() { w.settle(ctx) })
	if err := w.giveUp(ctx); err != nil {
		return err
	}
	return w.adopt(ctx)
}

// settle settles intents.
func (w *recoverer) settle(ctx context.Context) {
	run, pause := w.patient(ctx)
	defer pause.end()
	for r, err := range w.router.Recover(run) {
		if err != nil && run.Err() == nil { // the next job settles what is left when this one ends
			w.opts.Logger.WarnContext(ctx, "recovery", "error", textOf(err))
		}
		if r == nil {
			continue
		}
		attrs := []any{"reference", r.Target.Reference, "mailbox", r.Target.Mailbox, "server", r.Server, "outcome", string(r.Outcome())}
		if err := r.Err(); err != nil {
			attrs = append(attrs, "error", textOf(err))
		}
		w.opts.Logger.InfoContext(ctx, "recovered", attrs...)
	}
}
