package fleet

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Journal is a [quarantine.Journal] in PostgreSQL that any number of processes share, and a
// [quarantine.CampaignJournal] with [quarantine.KeyedMarks]. When Begin returns, the intent
// has been committed, so neither synchronous_commit nor fsync may be off in this database.
//
// A claim lasts for the lease that the service asks for (ClaimFor of [quarantine.Options]),
// by the clock of the database. A worker that was cut off from the database, or stopped for
// a while, keeps its claim until another has taken it; from then on it can neither renew
// nor finish. What it may still send to the mail server is recognised by its stamp.
//
// It stores addresses, Message-IDs, names of folders, and receipts, never content or
// credentials. Each row has a checksum, so a row that was changed or damaged is noticed
// when it is read ([ErrDamaged]), and is not acted upon.
//
// Each method is one statement on its own connection, and waits for another only while that
// writes the same row. A method other than Pending, Marks and Forget makes one round trip,
// or two if an intent is held by another or is missing. If the connection is lost, the
// method is tried on another one up to twice: repeating any of them does no harm.
type Journal struct {
	db database
}

var (
	_ quarantine.Journal         = (*Journal)(nil)
	_ quarantine.CampaignJournal = (*Journal)(nil)
	_ quarantine.KeyedMarks      = (*Journal)(nil)
)

// ErrDamaged reports that an intent or a receipt is not as it was written. Test with
// errors.Is. The row stays in the database, is not settled, and does not keep others from
// being settled. Restore it from a backup, or delete it and ask for its target again.
var ErrDamaged = errors.New("fleet: a row of the journal is not as it was written")

// JournalOptions are the options of a [Journal].
type JournalOptions struct {
	// Timeout is how long the database may take to answer, including all repetitions.
	// Default: 10 seconds.
	Timeout time.Duration
}

// NewJournal returns a journal in the database of a pool, whose tables [Migrate] has made.
// It does not contact the database yet. The caller keeps the pool, and closes it after the
// services that use the journal. The pool should have as many connections as there are
// messages in progress at the same time, or half as many; with fewer, calls wait.
func NewJournal(pool *pgxpool.Pool, opts *JournalOptions) (*Journal, error) {
	if opts == nil {
		opts = new(JournalOptions)
	}
	if pool == nil {
		return nil, driver.Invalid("arguments", "pool", "is nil; make one with pgxpool.New")
	}
	if opts.Timeout < 0 {
		return nil, driver.Invalid("options", "Timeout", "is negative; leave it out for the default of 10 seconds")
	}
	return &Journal{database{pool, cmp.Or(opts.Timeout, 10*time.Second)}}, nil
}

// Two calls that begin an operation at the same time take turns, so the second one has the
// greater token: without the lock it could have taken a smaller one before.
const (
	beginTurn   = `turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('fleet ' || $1, 0)))`
	beginInsert = `
INSERT INTO fleet_intents AS i (operation, target, at_seconds, at_nanos, server, reference, intent, seal, owner, token, until)
SELECT $1, $2, $3, $4, $5, $6, $7::json, $8, $9, nextval('fleet_tokens'), clock_timestamp() + $10 * interval '1 microsecond' FROM turn`
	beginConflict = `
ON CONFLICT (operation) DO UPDATE SET
	(target, at_seconds, at_nanos, server, reference, intent, seal, owner, token, until) = (excluded.target, excluded.at_seconds,
		excluded.at_nanos, excluded.server, excluded.reference, excluded.intent, excluded.seal, excluded.owner, nextval('fleet_tokens'),
		clock_timestamp() + $10 * interval '1 microsecond')
WHERE i.owner = excluded.owner OR i.until <= clock_timestamp()
RETURNING token, until`
	beginStatement = `WITH ` + beginTurn + beginInsert + beginConflict
)

// Begin writes an intent and returns once it has been committed.
func (j *Journal) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	r, err := newRow(in)
	if err == nil {
		err = storable("owner", owner)
	}
	if err != nil {
		return quarantine.Claim{}, err
	}
	c := quarantine.Claim{Operation: in.Operation, Owner: owner}
	statement, args := beginStatement, []any{r.operation, r.target, r.seconds, r.nanos, r.server, r.reference, r.text, r.seal, owner, lease.Microseconds()}
	f, bounded := fenceOf(ctx, in)
	if bounded && f.stage == finishing {
		if known, err := j.begunBefore(ctx, in); !known {
			return quarantine.Claim{}, cmp.Or(err, errOver)
		}
	}
	if bounded {
		statement, args = beginFenced, append(args, f.campaign, string(f.stage))
	}
	err = j.db.do(ctx, func(ctx context.Context) error {
		err := j.db.pool.QueryRow(ctx, statement, args...).Scan(&c.Token, &c.Until)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if bounded {
			if err := j.over(ctx, r.target, f); err != nil {
				return err
			}
		}
		return j.held(ctx, in.Operation, errAgain)
	})
	return whole(c, err)
}

// Claim claims an intent.
func (j *Journal) Claim(ctx context.Context, operation, owner string, lease time.Duration) (in quarantine.Intent, c quarantine.Claim, err error) {
	if storable("operation", operation) != nil {
		return in, c, quarantine.ErrNoIntent
	}
	if err := storable("owner", owner); err != nil {
		return in, c, err
	}
	c = quarantine.Claim{Operation: operation, Owner: owner}
	var r row
	err = j.db.do(ctx, func(ctx context.Context) error {
		err := j.db.pool.QueryRow(ctx, `UPDATE fleet_intents SET owner = $2, token = nextval('fleet_tokens'),
				until = clock_timestamp() + $3 * interval '1 microsecond'
			WHERE operation = $1 AND (owner = $2 OR until <= clock_timestamp()) RETURNING `+columns+`, token, until`,
			operation, owner, lease.Microseconds()).Scan(append(r.fields(), &c.Token, &c.Until)...)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return j.held(ctx, operation, quarantine.ErrNoIntent)
	})
	if err == nil {
		if in, err = r.decode(); err != nil {
			_, _ = j.Renew(ctx, c, 0) // the claim is of no use
		}
	}
	c, err = whole(c, err)
	return in, c, err
}

// Renew makes a claim last for a lease from now.
func (j *Journal) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	if storable("operation", c.Operation) != nil {
		return quarantine.Claim{}, quarantine.ErrClaimLost
	}
	err := j.db.do(ctx, func(ctx context.Context) error {
		err := j.db.pool.QueryRow(ctx, `UPDATE fleet_intents SET until = clock_timestamp() + $3 * interval '1 microsecond'
			WHERE operation = $1 AND token = $2 RETURNING until`, c.Operation, c.Token, lease.Microseconds()).Scan(&c.Until)
		if errors.Is(err, pgx.ErrNoRows) {
			err = quarantine.ErrClaimLost
		}
		return err
	})
	return whole(c, err)
}

// Finish removes the intent of a claim.
func (j *Journal) Finish(ctx context.Context, c quarantine.Claim) error {
	if storable("operation", c.Operation) != nil {
		return nil // no such intent can have been stored
	}
	return j.db.do(ctx, func(ctx context.Context) error {
		tag, err := j.db.pool.Exec(ctx, `DELETE FROM fleet_intents WHERE operation = $1 AND token = $2`, c.Operation, c.Token)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		var there bool
		err = j.db.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM fleet_intents WHERE operation = $1)`, c.Operation).Scan(&there)
		if err == nil && there {
			err = quarantine.ErrClaimLost
		}
		return err
	})
}

// held returns the error for an operation that could not be claimed: who holds it, errAgain
// if nobody does any more, or none if there is no such operation.
func (j *Journal) held(ctx context.Context, operation string, none error) error {
	h := &quarantine.HeldError{Operation: operation}
	var ended bool
	err := j.db.pool.QueryRow(ctx, `SELECT owner, until, until <= clock_timestamp() FROM fleet_intents WHERE operation = $1`, operation).Scan(&h.Owner, &h.Until, &ended)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return none
	case err != nil:
		return err
	case ended:
		return errAgain
	}
	return h
}

// whole returns the zero claim if there is an error, instead of a part of one.
func whole(c quarantine.Claim, err error) (quarantine.Claim, error) {
	if err != nil {
		return quarantine.Claim{}, err
	}
	return c, nil
}
