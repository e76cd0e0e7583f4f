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

// CampaignState says what is being done about a campaign.
type CampaignState string

// States of a campaign.
const (
	// CampaignPlanning: groups are expanded, forwards followed, and what criteria match is
	// counted. Nothing has been taken.
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
	// more targets. Give the new ones a campaign of their own.
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

// Campaigns keeps campaigns in PostgreSQL: what is to be taken, how far it has got, and
// the receipts. It begins and ends them by inserting and cancelling jobs of River, which
// [Workers] of any process do. Its methods may be called concurrently.
type Campaigns struct {
	pool    *pgxpool.Pool
	jobs    *river.Client[pgx.Tx]
	inserts *river.Client[pgx.Tx] // what is inserted has the time of the database
	window  int
}

// NewCampaigns returns campaigns over a pool, which stays the caller's, and whose database
// must have been migrated. It does no I/O. The error is an [*quarantine.InvalidError].
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

// checkCampaign refuses a name that cannot stand in a URL or be a reference.
func checkCampaign(name string) error {
	if validCampaign.MatchString(name) {
		return nil
	}
	return &quarantine.InvalidError{What: "campaign", Field: "Campaign", Problem: "cannot be used in a URL; give 1 to 100 letters, digits, '-', '.', '_' or '~', beginning with a letter or digit"}
}

// beginTransaction starts a transaction that the database ends if it hears nothing for a while: of a
// process that stands still, the locks must not hold up all the others.
const beginTransaction = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'`

// maxConflicts is how often a transaction is run again that the database has ended in favour of
// another.
const maxConflicts = 5

// inTx runs do in a transaction, which is rolled back if do fails, and run again if it was one of
// two that waited for each other.
func (c *Campaigns) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	for again := 0; ; again++ {
		err := pgx.BeginTxFunc(ctx, c.pool, pgx.TxOptions{BeginQuery: beginTransaction}, do)
		if !conflicting(err) || again == maxConflicts {
			return explain(err)
		}
	}
}

// lockState returns the state of a campaign, and keeps it until the transaction ends.
// Those who change campaigns exclude everybody; who only has to see it as it stays, as a
// job that ends, gives "FOR SHARE".
func lockState(ctx context.Context, tx pgx.Tx, campaign, lock string) (state CampaignState, parts int, err error) {
	err = tx.QueryRow(ctx, `SELECT state, parts FROM fleet_campaigns WHERE id = $1 `+lock, campaign).Scan(&state, &parts)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoCampaign
	}
	return state, parts, err
}
