package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// planner makes the plan of a campaign.
type planner struct {
	river.WorkerDefaults[planArgs]
	*Workers
}

// planTakeOvers is how many times TakeOverAfter a plan may take, because it cannot be
// handed on half made. It also takes that long until the plan of a process that has died is
// begun again.
const planTakeOvers = 6

// Timeout is how long a plan may take.
func (w *planner) Timeout(*river.Job[planArgs]) time.Duration {
	return planTakeOvers * w.opts.TakeOverAfter
}

// Work expands groups, follows forwards and counts what criteria match. It only reads, so
// two workers that do it at the same time do no harm: the plan of the first to finish is
// stored.
func (w *planner) Work(ctx context.Context, job *river.Job[planArgs]) error {
	campaign := job.Args.Campaign
	order, planning, err := w.orderOf(ctx, campaign)
	if err != nil || !planning {
		return w.unplanned(ctx, job, err)
	}
	plan, err := w.planOf(ctx, order)
	if err == nil {
		err = w.count(ctx, plan)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("fleet: the plan took longer than %v; make several campaigns of it, or raise TakeOverAfter", w.Timeout(job))
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), storeFor)
		defer cancel()
	} else if ctx.Err() != nil {
		return handOn(ctx)
	} else if err != nil && driver.Temporary(err) && job.Attempt < job.MaxAttempts {
		return err
	}
	refused := err
	err = w.inTx(ctx, func(tx pgx.Tx) error {
		if err := w.storePlan(ctx, tx, campaign, plan, refused); err != nil {
			return err
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
	if err == nil && refused != nil {
		w.opts.Logger.WarnContext(ctx, "campaign refused", "campaign", campaign, "error", textOf(refused))
	}
	return err
}

// unplanned ends or puts off a job whose campaign has nothing to plan, or cannot be
// planned.
func (w *planner) unplanned(ctx context.Context, job *river.Job[planArgs], err error) error {
	campaign := job.Args.Campaign
	switch {
	case errors.Is(err, errLater):
		w.opts.Logger.WarnContext(ctx, "campaign left alone", "campaign", campaign, "error", textOf(err))
		return river.JobSnooze(w.opts.Settle)
	case errors.Is(err, errUnreadable):
		w.opts.Logger.WarnContext(ctx, "campaign refused", "campaign", campaign, "error", textOf(err))
		return w.inTx(ctx, func(tx pgx.Tx) error { return w.storePlan(ctx, tx, campaign, nil, err) })
	}
	return err
}

// planOf finds out what to take.
func (w *planner) planOf(ctx context.Context, o Order) (*quarantine.Plan, error) {
	outside, err := w.sortRecipients(ctx, &o)
	if err != nil {
		return nil, err
	}
	plan, err := w.router.Plan(ctx, quarantine.PlanRequest{
		Targets: o.Targets, Groups: o.Groups, Expand: o.Expand, Forwards: o.Forwards, SkipServers: true,
	})
	if err != nil {
		return nil, err
	}
	plan.Unplanned = append(plan.Unplanned, outside...)
	return plan, nil
}

// orderOf returns what a campaign should take, and whether it still has to be planned.
func (c *Campaigns) orderOf(ctx context.Context, campaign string) (o Order, planning bool, err error) {
	var state CampaignState
	var request []byte
	err = c.pool.QueryRow(ctx, `SELECT state, request FROM fleet_campaigns WHERE id = $1`, campaign).Scan(&state, &request)
	if errors.Is(err, pgx.ErrNoRows) {
		return o, false, nil // it was removed
	}
	if err != nil || state != CampaignPlanning {
		return o, false, err
	}
	o, err = readStored[Order](request)
	return o, true, err
}

// count counts what criteria match, in all mailboxes, against the limits of the servers. If
// they match too much in all mailboxes together, no target passes. Whatever keeps a single
// target from being counted also keeps it from being taken later, and is reported then.
func (w *Workers) count(ctx context.Context, plan *quarantine.Plan) error {
	described := func(yield func(quarantine.Target) bool) {
		for t := range plan.All() {
			if !t.Criteria.IsZero() && !yield(t) {
				return
			}
		}
	}
	var tooMany error
	passed := 0
	for r, err := range w.router.FindAll(ctx, described) {
		switch {
		case r == nil:
			return err
		case err == nil:
			passed++
		case errors.Is(err, quarantine.ErrTooManyHits):
			tooMany = err
		}
	}
	if passed > 0 {
		return nil
	}
	return tooMany
}

// storePlan stores the targets of a plan with their jobs, or why there are none.
func (w *Workers) storePlan(ctx context.Context, tx pgx.Tx, campaign string, plan *quarantine.Plan, refused error) error {
	state, _, err := lockState(ctx, tx, campaign, "FOR UPDATE")
	if err != nil || state != CampaignPlanning {
		return err // cancelled meanwhile, or planned by another worker
	}
	if refused != nil {
		_, err := tx.Exec(ctx, `UPDATE fleet_campaigns SET state = $2, problem = $3 WHERE id = $1`, campaign, CampaignRefused, textOf(refused))
		return err
	}
	targets := slices.Collect(plan.All())
	unplanned, err := json.Marshal(plan.Unplanned)
	if err != nil {
		return fmt.Errorf("fleet: plan of %s: %w", campaign, err)
	}
	parts := w.partsFor(len(targets))
	if _, err := tx.Exec(ctx, `UPDATE fleet_campaigns SET state = $2, parts = $3, unplanned = $4 WHERE id = $1`, campaign, CampaignRunning, parts, string(unplanned)); err != nil {
		return err
	}
	_, err = w.add(ctx, tx, campaign, parts, targets)
	return err
}
