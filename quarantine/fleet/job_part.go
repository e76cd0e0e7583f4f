package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// storeFor is how long a result may take to be stored, even if the job has to end.
const storeFor = 30 * time.Second

// due is a target of a part whose turn it is.
type due struct {
	key    string
	target quarantine.Target
	tries  int
	unread error // why the target could not be read
}

// begin records that something may be done to the targets of a part that are due, and
// returns them. A restore of the campaign after a crash then knows where to look.
func (c *Campaigns) begin(ctx context.Context, campaign string, part int) (all []due, err error) {
	rows, err := c.pool.Query(ctx, `UPDATE fleet_targets SET begun = true
		WHERE campaign = $1 AND part = $2 AND NOT settled AND not_before <= now()
			AND (SELECT state FROM fleet_campaigns WHERE id = $1) = $3
		RETURNING target, request, tries`, campaign, part, CampaignRunning)
	if err != nil {
		return nil, err
	}
	return collectDue(rows)
}

// collectDue reads targets with their tries.
func collectDue(rows pgx.Rows) (all []due, err error) {
	var d due
	var request []byte
	_, err = pgx.ForEachRow(rows, []any{&d.key, &request, &d.tries}, func() error {
		d.target, d.unread = readStored[quarantine.Target](request)
		all = append(all, d)
		return nil
	})
	return all, err
}

// storeTaken stores what became of a target, unless more is already known about it: a job
// that hung while another did its work knows less. It reports whether it must be put back.
func (c *Campaigns) storeTaken(ctx context.Context, campaign string, r result) (back bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	err = c.pool.QueryRow(ctx, `WITH old AS (
			SELECT target, taken FROM fleet_targets WHERE campaign = $1 AND target = $2 FOR UPDATE
		), stored AS (
			UPDATE fleet_targets t SET
				settled = t.settled OR $3, tries = t.tries + 1, not_before = now() + $4, problem = $6, finished = now(),
				outcome = CASE WHEN $8 >= old.taken THEN $5 ELSE t.outcome END,
				items = CASE WHEN $8 >= old.taken THEN $7 ELSE t.items END,
				was_read = CASE WHEN $8 >= old.taken THEN $9 ELSE t.was_read END,
				unsearched = CASE WHEN $8 >= old.taken THEN $10 ELSE t.unsearched END,
				taken = greatest(t.taken, $8),
				back_settled = t.back_settled AND $8 = 0
			FROM old WHERE t.campaign = $1 AND t.target = old.target AND (NOT t.settled OR $8 > old.taken)
			RETURNING t.back AND $8 > 0 AS back, $8 >= old.taken AS better
		), kept AS (
			INSERT INTO fleet_receipts SELECT $1, $2, 'quarantine', $11 FROM stored WHERE better AND $11::json IS NOT NULL
			ON CONFLICT (campaign, target, action) DO UPDATE SET receipt = excluded.receipt
		) SELECT coalesce(bool_or(back), false) FROM stored`,
		campaign, r.target, r.settled, r.wait, string(r.outcome), r.problem, r.items, r.done, r.read, r.unsearched, jsonOrNull(r.receipt)).Scan(&back)
	return back, err
}

func jsonOrNull(text []byte) any {
	if text == nil {
		return nil
	}
	return string(text)
}

// putOff records that nothing was done to targets that were begun, and when their next turn
// is.
func (c *Campaigns) putOff(ctx context.Context, campaign string, targets []string, wait time.Duration) error {
	if len(targets) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeFor)
	defer cancel()
	_, err := c.pool.Exec(ctx, `UPDATE fleet_targets SET begun = acted OR tries > 0, not_before = greatest(not_before, now() + $3)
		WHERE campaign = $1 AND target = ANY($2) AND NOT settled`, campaign, targets, wait)
	return err
}

// leftToTake and leftToRestore count the open targets of a part, and return when the first
// of them is due. Both are run in the transaction that ends the job: see left.
const (
	leftToTake = `SELECT count(*), coalesce(extract(epoch FROM min(greatest(not_before, now())) - now()), 0)::float8
		FROM fleet_targets WHERE campaign = $1 AND part = $2 AND NOT settled`
	leftToRestore = `SELECT count(*), coalesce(extract(epoch FROM
			min(greatest(back_not_before, CASE WHEN NOT settled THEN not_before ELSE back_not_before END, now())) - now()), 0)::float8
		FROM fleet_targets WHERE campaign = $1 AND part = $2 AND back AND NOT back_settled`
)

// breath is the shortest time for which a job is put off: a target that is due immediately
// but cannot be done must not keep a worker spinning.
const breath = 500 * time.Millisecond

// left returns the state of a campaign, which cannot change until the transaction ends, how
// many targets of a part are open, how long until the first is due, and the time. The
// statements are sent together, but the count is a separate one: it counts what there is
// once the state can no longer change.
func left(ctx context.Context, tx pgx.Tx, query, campaign string, part int) (state CampaignState, n int, wait time.Duration, now time.Time, err error) {
	var seconds float64
	var all pgx.Batch
	all.Queue(`SELECT state FROM fleet_campaigns WHERE id = $1 FOR SHARE`, campaign).QueryRow(func(row pgx.Row) error { return row.Scan(&state) })
	all.Queue(`SELECT clock_timestamp()`).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	all.Queue(query, campaign, part).QueryRow(func(row pgx.Row) error { return row.Scan(&n, &seconds) })
	err = tx.SendBatch(ctx, &all).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoCampaign
	}
	return state, n, max(breath, time.Duration(min(seconds, 86400)*float64(time.Second))), now, err
}
