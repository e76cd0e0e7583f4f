package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Order describes what a campaign should take.
type Order struct {
	// Campaign is its name, and the reference of targets that have none: 1 to 100 letters,
	// digits, '-', '.', '_' or '~', beginning with a letter or digit. Required.
	Campaign string
	// Reason is the reason for targets that have none.
	Reason string
	// By is who asked for it, for people. Default: nobody is named.
	By string

	// Targets are the messages to take.
	Targets []quarantine.Target

	// Recipients are messages that were sent to an address, such as those in a report. The
	// address may be a mailbox, a group or somebody elsewhere: the plan finds out which.
	Recipients []quarantine.Target `json:",omitempty"`

	// Groups are groups in which each member may have a message. Expand bounds their
	// expansion, and Forwards, if set, follows forwarded messages: see
	// [quarantine.PlanRequest].
	Groups   []quarantine.GroupTarget
	Expand   *quarantine.ExpandOptions
	Forwards *quarantine.ForwardOptions
}

// Enqueued is what became of an order.
type Enqueued struct {
	Campaign string        `json:"campaign"`
	State    CampaignState `json:"state"`
	// Added is how many targets are new; Repeated is how many the campaign already had, or
	// the order named twice. Both are zero while there is no plan.
	Added    int `json:"added"`
	Repeated int `json:"repeated"`
	// Jobs is how many jobs were inserted.
	Jobs int `json:"jobs"`
}

// perInsert is how many targets a statement inserts.
const perInsert = 5000

// Enqueue stores an order with its jobs in its own transaction: see EnqueueTx.
func (c *Campaigns) Enqueue(ctx context.Context, o Order) (done Enqueued, err error) {
	err = c.inTx(ctx, func(tx pgx.Tx) error {
		done, err = c.EnqueueTx(ctx, tx, o)
		return err
	})
	return done, err
}

// EnqueueTx stores an order, and the jobs that carry it out, in the transaction in which
// the caller stores the alert: both are stored, or neither is.
//
// Targets that are named by their Message-ID become jobs immediately. Recipients, groups,
// forwards and criteria become one job that makes the plan, and takes nothing if more
// matches than the limits of the servers allow.
//
// Repeating the same order changes nothing; another order for the same campaign adds the
// targets that are new. The error matches [quarantine.ErrInvalid], [ErrEnded] or
// [ErrOtherOrder], or is from the database.
func (c *Campaigns) EnqueueTx(ctx context.Context, tx pgx.Tx, o Order) (Enqueued, error) {
	if err := o.check(); err != nil {
		return Enqueued{}, err
	}
	o.complete()
	if o.needsPlan() {
		return c.plan(ctx, tx, o)
	}
	parts := c.partsFor(len(o.Targets))
	_, err := tx.Exec(ctx, `INSERT INTO fleet_campaigns (id, state, parts, reason, asked_by) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, o.Campaign, CampaignRunning, parts, o.Reason, o.By)
	if err != nil {
		return Enqueued{}, err
	}
	state, parts, err := lockState(ctx, tx, o.Campaign, "FOR UPDATE")
	if err != nil {
		return Enqueued{}, err
	}
	if state != CampaignRunning {
		return Enqueued{}, fmt.Errorf("%w: it is %s", ErrEnded, state)
	}
	return c.add(ctx, tx, o.Campaign, parts, o.Targets)
}

// plan stores an order that needs a plan, and the job that makes it.
func (c *Campaigns) plan(ctx context.Context, tx pgx.Tx, o Order) (Enqueued, error) {
	request, err := json.Marshal(o)
	if err != nil {
		return Enqueued{}, fmt.Errorf("fleet: order: %w", err)
	}
	tag, err := tx.Exec(ctx, `INSERT INTO fleet_campaigns (id, state, parts, reason, asked_by, request) VALUES ($1, $2, 1, $3, $4, $5)
		ON CONFLICT DO NOTHING`, o.Campaign, CampaignPlanning, o.Reason, o.By, request)
	if err != nil {
		return Enqueued{}, err
	}
	if tag.RowsAffected() == 0 {
		var state CampaignState
		var same bool
		err := tx.QueryRow(ctx, `SELECT state, coalesce(request::text = $2::text, false) FROM fleet_campaigns WHERE id = $1`, o.Campaign, string(request)).Scan(&state, &same)
		if err == nil && !same {
			err = ErrOtherOrder
		}
		return Enqueued{Campaign: o.Campaign, State: state}, err
	}
	_, err = c.inserts.InsertTx(ctx, tx, planArgs{Campaign: o.Campaign}, nil)
	return Enqueued{Campaign: o.Campaign, State: CampaignPlanning, Jobs: 1}, err
}

// add stores targets of a campaign that the transaction has locked, and a job for each
// part that has new ones.
func (c *Campaigns) add(ctx context.Context, tx pgx.Tx, campaign string, parts int, targets []quarantine.Target) (Enqueued, error) {
	done := Enqueued{Campaign: campaign, State: CampaignRunning}
	fresh := make(map[int]struct{})
	for some := range slices.Chunk(targets, perInsert) {
		added, err := insertTargets(ctx, tx, campaign, parts, some, fresh)
		if err != nil {
			return done, err
		}
		done.Added += added
		done.Repeated += len(some) - added
	}
	jobs := make([]river.InsertManyParams, 0, len(fresh))
	for _, part := range slices.Sorted(maps.Keys(fresh)) { // all insert in the same order, or two could deadlock
		jobs = append(jobs, river.InsertManyParams{Args: takeArgs{Campaign: campaign, Part: part}})
	}
	if len(jobs) == 0 {
		return done, nil
	}
	inserted, err := c.inserts.InsertManyTx(ctx, tx, jobs)
	for _, j := range inserted {
		if !j.UniqueSkippedAsDuplicate {
			done.Jobs++
		}
	}
	return done, err
}

// insertTargets stores targets, and records the parts of those that are new.
func insertTargets(ctx context.Context, tx pgx.Tx, campaign string, parts int, targets []quarantine.Target, fresh map[int]struct{}) (int, error) {
	keys, mailboxes, requests, numbers := make([]string, len(targets)), make([]string, len(targets)), make([]string, len(targets)), make([]int, len(targets))
	for i, t := range targets {
		request, err := json.Marshal(t)
		if err != nil {
			return 0, fmt.Errorf("fleet: target in %s: %w", t.Mailbox, err)
		}
		keys[i], mailboxes[i], requests[i], numbers[i] = t.Key(), t.Mailbox, string(request), partOf(t.Mailbox, parts)
	}
	rows, err := tx.Query(ctx, `INSERT INTO fleet_targets (campaign, target, mailbox, request, part)
		SELECT $1, * FROM unnest($2::text[], $3::text[], $4::json[], $5::int[])
		ON CONFLICT DO NOTHING RETURNING part`, campaign, keys, mailboxes, requests, numbers)
	if err != nil {
		return 0, err
	}
	added, part := 0, 0
	_, err = pgx.ForEachRow(rows, []any{&part}, func() error {
		fresh[part] = struct{}{}
		added++
		return nil
	})
	return added, err
}

// partsFor returns how many parts a campaign has: a job for each mailbox of a small one, so
// all workers have something to do, and windows of mailboxes in a large one.
func (c *Campaigns) partsFor(targets int) int {
	const small = 32
	return max(1, min(targets, small), (targets+c.window-1)/c.window)
}

// partOf returns the part of a mailbox, the same for all its targets.
func partOf(mailbox string, parts int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(mailbox)))
	return int(h.Sum32() % uint32(parts))
}

// needsPlan reports whether the mail systems must be asked what to take.
func (o *Order) needsPlan() bool {
	return len(o.Groups)+len(o.Recipients) > 0 || o.Forwards != nil || slices.ContainsFunc(o.Targets, func(t quarantine.Target) bool { return !t.Criteria.IsZero() })
}

// complete gives targets the reason and the reference of the order.
func (o *Order) complete() {
	o.Targets, o.Recipients, o.Groups = slices.Clone(o.Targets), slices.Clone(o.Recipients), slices.Clone(o.Groups)
	for i := range o.Targets {
		o.fill(&o.Targets[i])
	}
	for i := range o.Recipients {
		o.fill(&o.Recipients[i])
	}
	for i := range o.Groups {
		o.fill(&o.Groups[i].Target)
	}
}

func (o *Order) fill(t *quarantine.Target) {
	if t.Reason == "" {
		t.Reason = o.Reason
	}
	if t.Reference == "" {
		t.Reference = o.Campaign
	}
}

// check refuses an order that no worker could carry out.
func (o *Order) check() error {
	if err := checkCampaign(o.Campaign); err != nil {
		return err
	}
	if len(o.Targets)+len(o.Recipients)+len(o.Groups) == 0 {
		return &quarantine.InvalidError{What: "campaign", Field: "Targets", Problem: "is empty; name at least one message"}
	}
	for name, text := range map[string]string{"Reason": o.Reason, "By": o.By} {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return &quarantine.InvalidError{What: "campaign", Field: name, Problem: "is no text in UTF-8 without NUL; leave these bytes out"}
		}
	}
	for i, t := range o.Targets {
		if err := t.Validate(); err != nil {
			return fmt.Errorf("target %d: %w", i+1, err)
		}
	}
	for i, t := range o.Recipients {
		if err := t.Validate(); err != nil {
			return fmt.Errorf("recipient %d: %w", i+1, err)
		}
	}
	for i, g := range o.Groups {
		t := g.Target
		if t.Mailbox != "" {
			return &quarantine.InvalidError{What: "campaign", Field: fmt.Sprintf("Groups[%d].Target.Mailbox", i), Problem: "is set; name the group in Group only"}
		}
		t.Mailbox = g.Group
		if err := t.Validate(); err != nil {
			return fmt.Errorf("group %d: %w", i+1, err)
		}
	}
	return nil
}

// The name of a campaign has at most 100 characters, and must fit into driver.MaxReference,
// since it can be a reference.
var _ [driver.MaxReference - 100]struct{}
