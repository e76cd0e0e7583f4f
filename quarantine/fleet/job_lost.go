package fleet

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// givenUp is the problem of targets whose job River has discarded.
const givenUp = "the job was begun many times and failed each time: see the log of the workers; when the reason is mended, run the target again in another campaign"

// giveUp settles the targets of jobs that River no longer begins: whatever killed them is
// reported, and does not come back forever. It is different if a job was discarded before
// it was begun that often, for example by the River of a program that does not know it:
// adopt inserts such a job again.
func (c *Campaigns) giveUp(ctx context.Context) error {
	for _, s := range []string{
		`UPDATE fleet_targets t SET settled = true, finished = now(), outcome = CASE WHEN outcome = '' THEN 'failed' ELSE outcome END, problem = $1
			FROM river_job j WHERE j.kind = 'fleet_take' AND j.state = 'discarded' AND j.attempt >= j.max_attempts AND NOT t.settled
			AND t.campaign = j.args->>'campaign' AND t.part = (j.args->>'part')::int AND t.begun AND t.not_before <= j.finalized_at
			AND NOT EXISTS (SELECT FROM river_job l WHERE l.kind = j.kind AND l.id > j.id AND l.args = j.args)`,
		`UPDATE fleet_targets t SET back_settled = true, back_outcome = CASE WHEN back_outcome = '' THEN 'failed' ELSE back_outcome END, back_problem = $1
			FROM river_job j WHERE j.kind = 'fleet_restore' AND j.state = 'discarded' AND j.attempt >= j.max_attempts AND t.back AND NOT t.back_settled
			AND t.campaign = j.args->>'campaign' AND t.part = (j.args->>'part')::int AND t.back_not_before <= j.finalized_at
			AND NOT EXISTS (SELECT FROM river_job l WHERE l.kind = j.kind AND l.id > j.id AND l.args = j.args)`,
		`UPDATE fleet_campaigns c SET state = 'refused', problem = $1
			FROM river_job j WHERE j.kind = 'fleet_plan' AND j.state = 'discarded' AND j.attempt >= j.max_attempts AND c.state = 'planning' AND c.id = j.args->>'campaign'`,
	} {
		if _, err := c.pool.Exec(ctx, s, givenUp); err != nil {
			return err
		}
	}
	return nil
}

// adopt inserts a job for each campaign that must be planned and each part that has
// something open, since they may have none: a target can come to a part just when its job
// ends, and a job that cannot be read is cancelled. River leaves out jobs that already
// exist.
func (c *Campaigns) adopt(ctx context.Context) error {
	rows, err := c.pool.Query(ctx, `SELECT DISTINCT t.campaign, t.part, CASE WHEN t.back AND NOT t.back_settled THEN 'fleet_restore' ELSE 'fleet_take' END
		FROM fleet_targets t JOIN fleet_campaigns c ON c.id = t.campaign
		WHERE (NOT t.settled OR t.back AND NOT t.back_settled)
			AND (NOT t.settled AND c.state = 'running' OR t.back AND NOT t.back_settled)
			AND NOT EXISTS (SELECT FROM river_job j WHERE j.kind = CASE WHEN t.back AND NOT t.back_settled THEN 'fleet_restore' ELSE 'fleet_take' END
				AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
				AND j.args->>'campaign' = t.campaign AND (j.args->>'part')::int = t.part)
		UNION ALL SELECT id, 0, 'fleet_plan' FROM fleet_campaigns c
		WHERE state = 'planning' AND NOT EXISTS (SELECT FROM river_job j WHERE j.kind = 'fleet_plan'
			AND j.state IN ('available', 'pending', 'retryable', 'running', 'scheduled') AND j.args->>'campaign' = c.id)
		ORDER BY 1, 2 LIMIT 10000`)
	if err != nil {
		return err
	}
	var campaign, kind string
	var part int
	var jobs []river.InsertManyParams
	_, err = pgx.ForEachRow(rows, []any{&campaign, &part, &kind}, func() error {
		for _, args := range []river.JobArgs{planArgs{campaign}, takeArgs{campaign, part}, restoreArgs{campaign, part}} {
			if args.Kind() == kind {
				jobs = append(jobs, river.InsertManyParams{Args: args})
			}
		}
		return nil
	})
	if err != nil || len(jobs) == 0 {
		return err
	}
	_, err = c.inserts.InsertMany(ctx, jobs)
	return err
}
