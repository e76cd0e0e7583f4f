package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// stage is what a job does to targets.
type stage string

const (
	taking    stage = "taking"    // for the campaign
	finishing stage = "finishing" // only what was begun, so it can be put back
	putting   stage = "putting"   // back
)

// fence limits what a job may begin to what its campaign still wants for a target at that
// moment. A worker that stalled, while another did its work and an operator had it undone,
// would otherwise take the message a second time, and nobody would put it back.
type fence struct {
	campaign string
	stage    stage
}

type fenceKey struct{}

// fenced returns a context whose intents a [Journal] holds to the fence.
func fenced(ctx context.Context, campaign string, s stage) context.Context {
	return context.WithValue(ctx, fenceKey{}, fence{campaign, s})
}

// fenceOf returns the fence for an intent. Things that a job does on the way, such as
// putting back what another has begun to put back, are not limited.
func fenceOf(ctx context.Context, in quarantine.Intent) (fence, bool) {
	f, ok := ctx.Value(fenceKey{}).(fence)
	return f, ok && (f.stage == putting) == (in.Direction != driver.ToQuarantine)
}

// errOver is why nothing was begun. It is not a failure: the campaign has what it wants.
var errOver = errors.New("fleet: the campaign does not want this any more: it was cancelled or restored, or another worker has done it")

// stillWanted is the condition under which a stage proceeds with target t.
func stillWanted(stage string) string {
	return `CASE ` + stage + `::text
		WHEN 'taking' THEN NOT t.settled AND NOT t.back AND (SELECT state FROM fleet_campaigns WHERE id = t.campaign) = 'running'
		WHEN 'finishing' THEN NOT t.settled AND t.back
		ELSE t.back AND NOT t.back_settled END`
}

// beginFenced writes an intent if it is still wanted, and records with the target that
// there was one. It waits for transactions that settle or release the target at that
// moment, so either they see the intent, or the intent sees what they have done.
var beginFenced = `
WITH wanted AS (UPDATE fleet_targets t SET begun = true, acted = true WHERE t.campaign = $11 AND t.target = $2 AND ` + stillWanted("$12") + ` RETURNING 1),
` + beginTurn + beginInsert + ` WHERE EXISTS (SELECT FROM wanted) OR NOT EXISTS (SELECT FROM fleet_targets WHERE campaign = $11 AND target = $2)` + beginConflict

// begunBefore reports whether an intent continues what an earlier one began, for the same
// item or as the same operation.
func (j *Journal) begunBefore(ctx context.Context, in quarantine.Intent) (bool, error) {
	earlier, err := j.FindTarget(ctx, in.Target)
	return slices.ContainsFunc(earlier, func(e quarantine.Intent) bool {
		return e.Direction == in.Direction && (e.Operation == in.Operation || e.From.ItemID == in.From.ItemID)
	}), err
}

// over returns errOver if the fence is why an intent was not written.
func (j *Journal) over(ctx context.Context, target string, f fence) error {
	var wanted bool
	err := j.db.pool.QueryRow(ctx, `SELECT `+stillWanted("$3")+` FROM fleet_targets t WHERE t.campaign = $1 AND t.target = $2`,
		f.campaign, target, string(f.stage)).Scan(&wanted)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil // it is not in the campaign
	case err == nil && !wanted:
		return errOver
	}
	return err
}

// wanted returns a receipt without the items that the fence kept from being begun, and the
// number of those. They are unchanged, and have not failed.
func wanted(r *quarantine.Receipt) (*quarantine.Receipt, int) {
	unwanted := func(it quarantine.ReceiptItem) bool {
		return it.Outcome == quarantine.NotBegun && it.Err != nil && errors.Is(it.Err, errOver)
	}
	if !slices.ContainsFunc(r.Items, unwanted) {
		return r, 0
	}
	rest := *r
	rest.Items = slices.DeleteFunc(slices.Clone(r.Items), unwanted)
	n := len(r.Items) - len(rest.Items)
	rest.Notes = append(slices.Clone(r.Notes), fmt.Sprintf("copies that were left where they are, because the campaign did not want them any more: %d", n))
	return &rest, n
}

// passedOver reports whether nothing was done for a target because the fence forbade it.
func passedOver(r *quarantine.Receipt, failed error) bool {
	if !errors.Is(errors.Join(failed, r.Err()), errOver) {
		return false
	}
	for _, it := range r.Items {
		if it.Outcome.Done() || it.Outcome == quarantine.Undecided {
			return false
		}
	}
	return true
}
