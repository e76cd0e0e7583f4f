package fleet

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// CampaignState is what is being done about a campaign.
type CampaignState string

// States of a campaign.
const (
	// CampaignPlanning: groups are expanded, forwards are followed, and the messages that
	// criteria match are counted. Nothing has been taken.
	CampaignPlanning CampaignState = "planning"
	// CampaignRunning: its targets are taken, or all have been.
	CampaignRunning CampaignState = "running"
	// CampaignRefused: the plan exceeds a limit, or could not be made. Nothing was taken.
	CampaignRefused CampaignState = "refused"
	// CampaignCancelled: no more is taken. What was taken stays in quarantine.
	CampaignCancelled CampaignState = "cancelled"
	// CampaignRestoring: no more is taken, and what was taken is put back, or has been.
	CampaignRestoring CampaignState = "restoring"
)

// Errors of [Campaigns]; test with errors.Is.
var (
	// ErrNoCampaign reports a name that no campaign has.
	ErrNoCampaign = errors.New("fleet: no such campaign")
	// ErrNoTarget reports that a campaign has no such target.
	ErrNoTarget = errors.New("fleet: the campaign has no such target")
	// ErrEnded reports that a campaign was refused, cancelled or restored, and takes no
	// more targets. Put new ones into another campaign.
	ErrEnded = errors.New("fleet: the campaign takes no more targets; give them another campaign")
	// ErrOtherOrder reports that the name of a campaign that needs a plan was used before,
	// for something else.
	ErrOtherOrder = errors.New("fleet: the campaign was asked for before, for something else; give this one another name")
)

// CampaignOptions configures [NewCampaigns]. nil or the zero value means the defaults.
type CampaignOptions struct {
	// Window is how many mailboxes a job has in a large campaign, 1 to 1,000. Small
	// campaigns have a job for each mailbox. Default: 25.
	Window int
}

// Campaigns keeps campaigns in PostgreSQL: what to take, how far that has got, and the
// receipts. It starts and ends them by inserting and cancelling River jobs, which the
// [Workers] of any process do. Its methods may be called concurrently.
type Campaigns struct {
	pool    *pgxpool.Pool
	jobs    *river.Client[pgx.Tx]
	inserts *river.Client[pgx.Tx] // inserted rows have the time of the database
	window  int
}

// NewCampaigns returns campaigns in the database of a pool, which must have been migrated.
// The caller keeps the pool, and closes it. NewCampaigns does no I/O. The error is an
// [*quarantine.InvalidError].
func NewCampaigns(pool *pgxpool.Pool, opts *CampaignOptions) (*Campaigns, error) {
	o := CampaignOptions{}
	if opts != nil {
		o = *opts
	}
	if o.Window == 0 {
		o.Window = 25
	}
	if o.Window < 1 || o.Window > 1000 {
		return nil, &quarantine.InvalidError{What: "options of campaigns", Field: "Window", Problem: fmt.Sprintf("is %d; give 1 to 1000", o.Window)}
	}
	jobs, err := newClient(pool, &river.Config{})
	if err != nil {
		return nil, err
	}
	inserts, err := newClient(pool, &river.Config{Test: river.TestConfig{Time: unset{}}})
	return &Campaigns{pool: pool, jobs: jobs, inserts: inserts, window: o.Window}, err
}

var validCampaign = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$`)

// checkCampaign refuses a name that cannot be used in a URL or as a reference.
func checkCampaign(name string) error {
	if validCampaign.MatchString(name) {
		return nil
	}
	return &quarantine.InvalidError{What: "campaign", Field: "Campaign", Problem: "cannot be used in a URL; give 1 to 100 letters, digits, '-', '.', '_' or '~', beginning with a letter or digit"}
}

// beginTransaction starts a transaction that the database ends if it hears nothing for a
// while: the locks of a process that has stalled must not hold up all the others.
const beginTransaction = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'`

// maxConflicts is how often a transaction is run again if the database has ended it in
// favour of another.
const maxConflicts = 5

// inTx runs do in a transaction, which is rolled back if do fails, and run again if it was
// in a deadlock.
func (c *Campaigns) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	for again := 0; ; again++ {
		err := pgx.BeginTxFunc(ctx, c.pool, pgx.TxOptions{BeginQuery: beginTransaction}, do)
		if !conflicting(err) || again == maxConflicts {
			return explain(err)
		}
	}
}

// lockState returns the state of a campaign, and keeps it from changing until the
// transaction ends. Callers that change the campaign exclude all others with "FOR UPDATE";
// those that only need the state to stay as it is, such as a job that ends, use "FOR
// SHARE".
func lockState(ctx context.Context, tx pgx.Tx, campaign, lock string) (state CampaignState, parts int, err error) {
	err = tx.QueryRow(ctx, `SELECT state, parts FROM fleet_campaigns WHERE id = $1 `+lock, campaign).Scan(&state, &parts)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoCampaign
	}
	return state, parts, err
}
