package fleet

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// CampaignStatus is how far a campaign has got. It is plain data, and its JSON names are
// stable.
type CampaignStatus struct {
	Campaign string        `json:"campaign"`
	State    CampaignState `json:"state"`
	Reason   string        `json:"reason,omitempty"`
	By       string        `json:"by,omitempty"`
	Created  time.Time     `json:"created"`
	// Problem is why the campaign was refused.
	Problem string `json:"problem,omitempty"`
	// Unplanned are addresses where there may be further, unknown copies.
	Unplanned []quarantine.Unplanned `json:"unplanned,omitempty"`

	// Targets is how many targets there are, Mailboxes is how many mailboxes they are in,
	// and Open is how many of them are still to be taken or put back.
	Targets   int `json:"targets"`
	Mailboxes int `json:"mailboxes"`
	Open      int `json:"open"`
	// Outcomes counts the targets by outcome; "" stands for those not yet tried.
	Outcomes map[quarantine.Outcome]int `json:"outcomes"`
	// Taken is how many messages were taken, Read is how many of them their owners had
	// read, and Restored is how many were put back.
	Taken    int `json:"taken"`
	Read     int `json:"read"`
	Restored int `json:"restored"`
	// Unsearched is how many targets have folders that could not be searched, and Problems
	// is how many have an error from their last try.
	Unsearched int `json:"unsearched"`
	Problems   int `json:"problems"`
	// Released is how many targets were to be put back, and Unrestored is how many of them
	// could not be.
	Released   int `json:"released"`
	Unrestored int `json:"unrestored"`
}

// Done reports whether nothing is left to do.
func (s CampaignStatus) Done() bool { return s.State != CampaignPlanning && s.Open == 0 }

// Closed returns how many targets are done.
func (s CampaignStatus) Closed() int { return s.Targets - s.Open }

// statusQuery is the progress of campaigns in one query. In a cancelled campaign, targets
// that were not taken are not open.
const statusQuery = `SELECT c.id, c.state, c.reason, c.asked_by, c.created, c.problem, c.unplanned, o.outcomes,
		coalesce(t.targets, 0), coalesce(t.mailboxes, 0), coalesce(t.open, 0), coalesce(t.taken, 0), coalesce(t.read, 0), coalesce(t.restored, 0),
		coalesce(t.unsearched, 0), coalesce(t.problems, 0), coalesce(t.released, 0), coalesce(t.unrestored, 0)
	FROM fleet_campaigns c
	CROSS JOIN LATERAL (
		SELECT count(*) AS targets, count(DISTINCT lower(mailbox)) AS mailboxes,
			count(*) FILTER (WHERE NOT settled AND c.state = 'running' OR back AND NOT back_settled) AS open,
			sum(taken) AS taken, sum(was_read) AS read, sum(restored) AS restored,
			count(*) FILTER (WHERE unsearched > 0) AS unsearched, count(*) FILTER (WHERE problem <> '') AS problems,
			count(*) FILTER (WHERE back) AS released, count(*) FILTER (WHERE back_settled AND back_problem <> '') AS unrestored
		FROM fleet_targets WHERE campaign = c.id
	) t
	CROSS JOIN LATERAL (
		SELECT json_object_agg(outcome, n) AS outcomes
		FROM (SELECT outcome, count(*) AS n FROM fleet_targets WHERE campaign = c.id GROUP BY outcome) g
	) o `

// Status returns how far a campaign has got. The error matches [ErrNoCampaign], or is from
// the database.
func (c *Campaigns) Status(ctx context.Context, campaign string) (CampaignStatus, error) {
	all, err := c.statuses(ctx, statusQuery+`WHERE c.id = $1`, campaign)
	if err != nil {
		return CampaignStatus{}, err
	}
	if len(all) == 0 {
		return CampaignStatus{}, ErrNoCampaign
	}
	return all[0], nil
}

// List returns at most n campaigns, the latest first, that are older than after: the last
// campaign of the previous page, or nil for the first page.
func (c *Campaigns) List(ctx context.Context, after *CampaignStatus, n int) ([]CampaignStatus, error) {
	if after == nil {
		return c.statuses(ctx, statusQuery+`ORDER BY c.created DESC, c.id DESC LIMIT $1`, n)
	}
	return c.statuses(ctx, statusQuery+`WHERE (c.created, c.id) < ($2, $3) ORDER BY c.created DESC, c.id DESC LIMIT $1`, n, after.Created, after.Campaign)
}

func (c *Campaigns) statuses(ctx context.Context, query string, args ...any) (all []CampaignStatus, err error) {
	rows, err := c.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, explain(err)
	}
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s CampaignStatus, err error) {
		var unplanned, outcomes []byte
		err = row.Scan(&s.Campaign, &s.State, &s.Reason, &s.By, &s.Created, &s.Problem, &unplanned, &outcomes,
			&s.Targets, &s.Mailboxes, &s.Open, &s.Taken, &s.Read, &s.Restored, &s.Unsearched, &s.Problems, &s.Released, &s.Unrestored)
		if err == nil && unplanned != nil {
			err = json.Unmarshal(unplanned, &s.Unplanned)
		}
		if err == nil && outcomes != nil {
			err = json.Unmarshal(outcomes, &s.Outcomes)
		}
		return s, err
	})
	return all, explain(err)
}
