package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// restorer puts back targets of a part of a campaign.
type restorer struct {
	river.WorkerDefaults[restoreArgs]
	*Workers
}

// Work puts back what is due, and takes nothing. What was begun and is not settled, because
// its process was killed or it is undecided, is finished first: only then is it known what
// to put back.
func (w *restorer) Work(ctx context.Context, job *river.Job[restoreArgs]) error {
	campaign, part := job.Args.Campaign, job.Args.Part
	unsettled, err := w.unsettled(ctx, campaign, part)
	if err != nil {
		return err
	}
	if err := w.take(ctx, campaign, finishing, unsettled); err != nil {
		return err
	}
	if err := w.nothingTaken(ctx, campaign, part); err != nil {
		return err
	}
	if err := w.putBack(ctx, campaign, part); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return handOn(ctx)
	}
	return w.end(ctx, campaign, part, leftToRestore, func(tx pgx.Tx) error {
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		return err
	})
}

// unsettled returns the targets to put back of which it is not yet known what was taken.
// Without an intent, nothing was: a job records that it begins all of its targets, and its
// process may have been killed before it came to this one.
func (c *Campaigns) unsettled(ctx context.Context, campaign string, part int) (all []due, err error) {
	rows, err := c.pool.Query(ctx, `SELECT target, request, tries FROM fleet_targets
		WHERE campaign = $1 AND part = $2 AND back AND NOT settled AND (acted OR taken > 0) AND not_before <= now()`, campaign, part)
	if err != nil {
		return nil, err
	}
	return collectDue(rows)
}

// nothingTaken settles the targets to put back of which nothing was taken. If one was to be
// tried again, the reason why it was not taken no longer matters.
func (c *Campaigns) nothingTaken(ctx context.Context, campaign string, part int) error {
	_, err := c.pool.Exec(ctx, `UPDATE fleet_targets SET back_settled = true, back_outcome = $3,
			problem = CASE WHEN settled THEN problem ELSE '' END,
			outcome = CASE WHEN settled OR outcome = '' THEN outcome ELSE $4 END,
			settled = true, not_before = '-infinity'
		WHERE campaign = $1 AND part = $2 AND back AND NOT back_settled AND taken = 0 AND (settled OR NOT acted)`,
		campaign, part, string(quarantine.NotFound), string(quarantine.NotBegun))
	return err
}

// putBack restores what is due, and stores each receipt.
func (w *Workers) putBack(ctx context.Context, campaign string, part int) error {
	rows, err := w.pool.Query(ctx, `SELECT t.target, r.receipt, t.back_tries FROM fleet_targets t
		JOIN fleet_receipts r ON r.campaign = t.campaign AND r.target = t.target AND r.action = 'quarantine'
		WHERE t.campaign = $1 AND t.part = $2 AND t.back AND NOT t.back_settled AND t.settled AND t.taken > 0 AND t.back_not_before <= now()`, campaign, part)
	if err != nil {
		return err
	}
	tries := make(map[string]int)
	var receipts []*quarantine.Receipt
	var key string
	var text []byte
	var before int
	_, err = pgx.ForEachRow(rows, []any{&key, &text, &before}, func() error {
		r := new(quarantine.Receipt)
		if err := json.Unmarshal(text, r); err != nil {
			return fmt.Errorf("fleet: receipt of target %s of campaign %s: %w", key, campaign, err)
		}
		tries[key] = before
		receipts = append(receipts, r)
		return nil
	})
	if err != nil {
		return err
	}
	run, pause := w.patient(fenced(ctx, campaign, putting))
	defer pause.end()
	var failed error
	targetOf := func(r *quarantine.Receipt) quarantine.Target { return r.Target }
	surviving(run, w, pause, receipts, targetOf, w.router.RestoreAll, func(r *quarantine.Receipt, err error) {
		if r == nil || cutShort(run, r, err) || pause.left() > 0 && nothingDone(r, err) || passedOver(r, err) {
			return
		}
		before, known := tries[r.Target.Key()]
		if !known {
			return
		}
		out, err := w.judge(r, err, before, run.Err() != nil)
		if err == nil {
			w.note(ctx, "put back", campaign, r, out)
			err = w.storeRestored(ctx, campaign, out)
		}
		failed = errors.Join(failed, err)
		delete(tries, r.Target.Key())
	})
	left := make([]string, 0, len(tries))
	for key := range tries {
		left = append(left, key)
	}
	return errors.Join(failed, w.putOffBack(ctx, campaign, left, pause))
}

func (c *Campaigns) putOffBack(ctx context.Context, campaign string, targets []string, p *pause) error {
	if len(targets) == 0 || p.left() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	_, err := c.pool.Exec(ctx, `UPDATE fleet_targets SET back_not_before = greatest(back_not_before, now() + $3)
		WHERE campaign = $1 AND target = ANY($2)`, campaign, targets, p.left())
	return err
}

// storeRestored stores what became of a target that was to be put back.
func (c *Campaigns) storeRestored(ctx context.Context, campaign string, r result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	_, err := c.pool.Exec(ctx, `WITH stored AS (
			UPDATE fleet_targets SET back_settled = $3, back_tries = back_tries + 1, back_not_before = now() + $4,
				back_outcome = $5, back_problem = $6, restored = greatest(restored, $7)
			WHERE campaign = $1 AND target = $2 AND NOT back_settled
			RETURNING target
		) INSERT INTO fleet_receipts SELECT $1, target, 'restore', $8 FROM stored WHERE $8::json IS NOT NULL
		ON CONFLICT (campaign, target, action) DO UPDATE SET receipt = excluded.receipt`,
		campaign, r.target, r.settled, r.wait, string(r.outcome), r.problem, r.done, jsonOrNull(r.receipt))
	return err
}
