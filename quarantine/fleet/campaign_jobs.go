package fleet

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// JobCount is how many jobs of a kind are in a state.
type JobCount struct {
	// Kind is fleet_plan, fleet_take, fleet_restore or fleet_recover.
	Kind string
	// State is River's state, such as available, running, scheduled or completed.
	State string
	Count int
}

// Jobs counts the jobs of all processes in the database. River removes finished jobs after
// a day, and discarded ones after a week.
func (c *Campaigns) Jobs(ctx context.Context) ([]JobCount, error) {
	rows, err := c.pool.Query(ctx, `SELECT kind, state::text, count(*) FROM river_job WHERE kind LIKE 'fleet\_%' GROUP BY 1, 2 ORDER BY 1, 2`)
	if err != nil {
		return nil, explain(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[JobCount])
	return all, explain(err)
}
