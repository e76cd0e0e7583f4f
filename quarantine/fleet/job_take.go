package fleet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Why a job stops before its targets are done. None of it is a failure.
var (
	errSlice  = errors.New("the time of the job is over; another goes on")
	errParked = errors.New("the server asks for a pause")
)

// taker takes the targets of a part of a campaign.
type taker struct {
	river.WorkerDefaults[takeArgs]
	*Workers
}

// Work takes what is due, stores each receipt as soon as there is one, and ends the job if
// nothing is open in the part; otherwise it puts it off until the first of it is due.
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

// handOn has a job that was cut short begun again, by whoever is free. If its campaign was
// cancelled it is not: River sees to that.
func handOn(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely) {
		return context.Cause(ctx)
	}
	return river.JobSnooze(0)
}

// end ends a job if its part has nothing open. The campaign stays as it is meanwhile, so
// that nothing can be added to the part behind its back.
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

// take quarantines targets, and stores what became of each. An error is of the database.
func (w *Workers) take(ctx context.Context, campaign string, s stage, targets []due) error {
	if len(targets) == 0 {
		return nil
	}
	open := make(map[string]int, len(targets)) // tries, of those that have no result
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
			return // the context has ended; what has no receipt is put off
		}
		key := r.Target.Key()
		tries, known := open[key]
		if !known || cutShort(run, r, err) || pause.left() > 0 && nothingDone(r, err) || passedOver(r, err) {
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

// cutShort reports whether nothing was done for a target, because the job is over.
func cutShort(run context.Context, r *quarantine.Receipt, err error) bool {
	return run.Err() != nil && len(r.Items) == 0 && err != nil
}

// nothingDone reports whether a target ended before anything was done, for a reason that
// passes.
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

// note logs what became of a target: nothing that a sender wrote but what an error quotes.
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

// pause is when a job ends because a server wants to be left alone.
type pause struct {
	workers *Workers
	stop    context.CancelCauseFunc
	end     func()

	began time.Time

	mu sync.Mutex
	to time.Time
}

// patient returns the context of the work of a job: it ends with the slice of the job, or
// soon after a server has asked for a pause that is longer than the job should wait.
func (w *Workers) patient(ctx context.Context) (context.Context, *pause) {
	sliced, cancelSlice := context.WithTimeoutCause(ctx, w.slice(), errSlice)
	run, stop := context.WithCancelCause(sliced)
	p := &pause{workers: w, began: time.Now(), stop: stop, end: func() { stop(nil); cancelSlice() }}
	return driver.Watched(run, p.spent), p
}

// spent is told of each request. After a long pause was asked for, what is in progress has
// a moment to end: more than a moment it would only wait.
func (p *pause) spent(s driver.Spending) {
	if s.BackOff <= p.workers.opts.MaxPause {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.to.IsZero()
	if to := time.Now().Add(s.BackOff); to.After(p.to) {
		p.to = to
	}
	if first {
		time.AfterFunc(p.workers.opts.MaxPause, func() { p.stop(fmt.Errorf("%w: %v", errParked, s.BackOff)) })
	}
}

// left returns how long the pause lasts from now, 0 if there is none.
func (p *pause) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.to))
}

// until yields what is to be done as long as no pause was asked for, and the job has time.
func until[T any](p *pause, all []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, one := range all {
			if p.left() > 0 || time.Since(p.began) > p.workers.opts.TakeOverAfter/3 || !yield(one) {
				return
			}
		}
	}
}
