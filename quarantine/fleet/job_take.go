package fleet

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// taker takes the targets of a part of a campaign.
type taker struct {
	river.WorkerDefaults[takeArgs]
	*Workers
}

// Work takes the targets that are due, stores each receipt as soon as there is one, and
// ends the job if nothing is open in the part. Otherwise it puts the job off until the
// first open target is due.
func (w *taker) Work(ctx context.Context, job *river.Job[takeArgs]) error {
	campaign, part := job.Args.Campaign, job.Args.Part
	targets, err := w.begin(ctx, campaign, part)
	if err != nil {
		return err
	}
	if err := w.take(ctx, campaign, taking, targets); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return handOn(ctx)
	}
	return w.end(ctx, campaign, part, leftToTake, func(tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

// handOn has a job that was cut short begun again by any worker that is free. If its
// campaign was cancelled, River makes sure that it is not begun again.
func handOn(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely) {
		return context.Cause(ctx)
	}
	return river.JobSnooze(0)
}

// end ends a job if its part has nothing open. The campaign cannot change meanwhile, so
// nothing is added to the part unnoticed.
func (w *Workers) end(ctx context.Context, campaign string, part int, query string, complete func(pgx.Tx) error) error {
	var snooze error
	err := w.inTx(ctx, func(tx pgx.Tx) error {
		state, n, wait, now, err := left(ctx, tx, query, campaign, part)
		if err != nil {
			return err
		}
		if n == 0 || query == leftToTake && state != CampaignRunning {
			return complete(tx)
		}
		w.clock.set(now)
		snooze = river.JobSnooze(wait)
		return nil
	})
	if err != nil {
		return err
	}
	return snooze
}

// take quarantines targets, and stores what became of each. An error is from the database.
func (w *Workers) take(ctx context.Context, campaign string, s stage, targets []due) error {
	if len(targets) == 0 {
		return nil
	}
	open := make(map[string]int, len(targets)) // tries, for targets that have no result
	asked := make([]quarantine.Target, 0, len(targets))
	var failed error
	for _, d := range targets {
		if d.unread != nil {
			failed = errors.Join(failed, w.leave(ctx, campaign, d))
			continue
		}
		open[d.key] = d.tries
		asked = append(asked, d.target)
	}
	run, pause := w.patient(fenced(ctx, campaign, s))
	defer pause.end()
	itself := func(t quarantine.Target) quarantine.Target { return t }
	surviving(run, w, pause, asked, itself, w.router.QuarantineAll, func(r *quarantine.Receipt, err error) {
		if r == nil {
			return // the context has ended; targets without a receipt are put off
		}
		key := r.Target.Key()
		tries, known := open[key]
		if !known || cutShort(run, r, err) || pause.left() > 0 && nothingDone(r, err) || s == taking && passedOver(r, err) {
			return
		}
		delete(open, key)
		failed = errors.Join(failed, w.keepTaken(ctx, campaign, r, err, tries, run.Err() != nil))
	})
	left := make([]string, 0, len(open))
	for key := range open {
		left = append(left, key)
	}
	return errors.Join(failed, w.putOff(ctx, campaign, left, pause.left()))
}

// cutShort reports whether nothing was done for a target because the job has ended: there
// is then nothing to report. If the campaign was cancelled or restored, the same is true of
// copies that were found but not begun.
func cutShort(run context.Context, r *quarantine.Receipt, err error) bool {
	if errors.Is(context.Cause(run), rivertype.ErrJobCancelledRemotely) {
		err = errors.Join(err, r.Err())
		return err != nil && !slices.ContainsFunc(r.Items, func(it quarantine.ReceiptItem) bool { return it.Outcome != quarantine.NotBegun })
	}
	return run.Err() != nil && len(r.Items) == 0 && err != nil
}

// nothingDone reports whether a target ended before anything was done, for a temporary
// reason.
func nothingDone(r *quarantine.Receipt, err error) bool {
	return len(r.Items) == 0 && err != nil && (errors.Is(err, quarantine.ErrNotBegun) || driver.Temporary(err))
}

// keepTaken stores what became of a target, and has it put back if that was asked for
// meanwhile.
func (w *Workers) keepTaken(ctx context.Context, campaign string, r *quarantine.Receipt, failed error, tries int, cut bool) error {
	out, err := w.judge(r, failed, tries, cut)
	if err != nil {
		return err
	}
	w.note(ctx, "taken", campaign, r, out)
	back, err := w.storeTaken(ctx, campaign, out)
	if err != nil || !back {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	return w.inTx(ctx, func(tx pgx.Tx) error {
		_, parts, err := lockState(ctx, tx, campaign, "FOR SHARE")
		if err != nil {
			return err
		}
		_, err = w.inserts.InsertTx(ctx, tx, restoreArgs{Campaign: campaign, Part: partOf(r.Target.Mailbox, parts)}, nil)
		return err
	})
}

// note logs what became of a target. It logs nothing that a sender wrote, except what an
// error quotes.
func (w *Workers) note(ctx context.Context, what, campaign string, r *quarantine.Receipt, out result) {
	attrs := []any{"campaign", campaign, "reference", r.Target.Reference, "mailbox", r.Target.Mailbox, "server", r.Server, "outcome", string(out.outcome), "items", out.items}
	if out.problem == "" {
		w.opts.Logger.InfoContext(ctx, what, attrs...)
		return
	}
	if !out.settled {
		attrs = append(attrs, "again", out.wait)
	}
	w.opts.Logger.WarnContext(ctx, what, append(attrs, "error", out.problem)...)
}
