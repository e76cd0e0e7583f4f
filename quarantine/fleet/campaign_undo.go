package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Cancel stops a campaign from taking more targets. Jobs in progress are told to stop; what
// they have begun is settled, and what was taken stays in quarantine. It is not an error if
// the campaign has ended.
func (c *Campaigns) Cancel(ctx context.Context, campaign string) error {
	return c.inTx(ctx, func(tx pgx.Tx) error { return c.stop(ctx, tx, campaign, CampaignCancelled) })
}

// stop puts a campaign that plans or runs into another state, and cancels its jobs.
func (c *Campaigns) stop(ctx context.Context, tx pgx.Tx, campaign string, to CampaignState) error {
	state, _, err := lockState(ctx, tx, campaign, "FOR UPDATE")
	if err != nil {
		return err
	}
	if state == to || to == CampaignCancelled && state != CampaignPlanning && state != CampaignRunning {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE fleet_campaigns SET state = $2 WHERE id = $1`, campaign, to); err != nil {
		return err
	}
	return c.cancelJobs(ctx, tx, campaign)
}

// cancelJobs cancels the jobs that plan and take. Waiting jobs find out by themselves,
// which is cheaper than cancelling thousands; running ones are told.
func (c *Campaigns) cancelJobs(ctx context.Context, tx pgx.Tx, campaign string) error {
	running := river.NewJobListParams().Kinds(planArgs{}.Kind(), takeArgs{}.Kind()).States(rivertype.JobStateRunning).
		Where("args->>'campaign' = @campaign", river.NamedArgs{"campaign": campaign}).First(1000)
	jobs, err := c.jobs.JobListTx(ctx, tx, running)
	if err != nil {
		return err
	}
	for _, j := range jobs.Jobs {
		if _, err := c.jobs.JobCancelTx(ctx, tx, j.ID); err != nil && !errors.Is(err, river.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Restore stops a campaign from taking more targets, and puts back all that it has taken.
// It can be called at any time, even while targets are being taken: those are put back
// afterwards. Called again, it retries what could not be put back.
func (c *Campaigns) Restore(ctx context.Context, campaign string) error {
	return c.inTx(ctx, func(tx pgx.Tx) error {
		if err := c.stop(ctx, tx, campaign, CampaignRestoring); err != nil {
			return err
		}
		_, err := c.release(ctx, tx, campaign, "")
		return err
	})
}

// Release puts back what was taken for one target of a campaign, which continues. The
// target is named by the Key in its [TargetStatus]. Called again, it retries what could not
// be put back.
func (c *Campaigns) Release(ctx context.Context, campaign, target string) error {
	return c.inTx(ctx, func(tx pgx.Tx) error {
		if _, _, err := lockState(ctx, tx, campaign, "FOR UPDATE"); err != nil {
			return err
		}
		n, err := c.release(ctx, tx, campaign, target)
		if err == nil && n == 0 {
			err = c.known(ctx, tx, campaign, target)
		}
		return err
	})
}

// known returns an error if a campaign does not have a target.
func (c *Campaigns) known(ctx context.Context, tx pgx.Tx, campaign, target string) error {
	var found bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM fleet_targets WHERE campaign = $1 AND target = $2)`, campaign, target).Scan(&found)
	if err == nil && !found {
		err = ErrNoTarget
	}
	return err
}

// release has one target put back, or all if none is named, and inserts the jobs. If a
// target was given up, it is not known whether it was taken, so that is found out first.
func (c *Campaigns) release(ctx context.Context, tx pgx.Tx, campaign, target string) (int, error) {
	rows, err := tx.Query(ctx, `WITH asked AS (
			UPDATE fleet_targets SET back = true, back_settled = false,
				settled = settled AND NOT (acted AND taken = 0 AND (problem = $3 OR outcome = $4)), back_tries = 0, back_not_before = '-infinity', back_problem = ''
			WHERE campaign = $1 AND ($2 = '' OR target = $2) AND NOT (back AND back_settled AND back_problem = '' AND back_outcome <> '')
			RETURNING part
		) SELECT part, count(*) FROM asked GROUP BY part ORDER BY part`, campaign, target, givenUp, string(quarantine.Undecided))
	if err != nil {
		return 0, err
	}
	var part, n, all int
	var jobs []river.InsertManyParams
	_, err = pgx.ForEachRow(rows, []any{&part, &n}, func() error {
		all += n
		jobs = append(jobs, river.InsertManyParams{Args: restoreArgs{Campaign: campaign, Part: part}})
		return nil
	})
	if err != nil || len(jobs) == 0 {
		return all, err
	}
	if _, err := c.inserts.InsertManyTx(ctx, tx, jobs); err != nil {
		return all, fmt.Errorf("fleet: %s of campaign %s: %w", quarantine.ItemRestore, campaign, err)
	}
	return all, nil
}
