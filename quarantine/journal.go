package quarantine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Journal durably records what is about to be done, so [Service.Recover] can settle
// what an interrupted run has left. An [Intent] is written before the first change on
// the server, and removed when its outcome is certain. Several processes may share a
// journal. All methods may be called concurrently.
//
// # Claims
//
// Whoever works on an intent has a [Claim] to it: the name of the owner, and a token
// that fences off those who had it before. Each successful Begin and Claim of an
// operation gives a token that is greater than all that were given for the operation
// before, also for an intent that was finished since: use one counter for all. A claim
// lasts for a lease, which begins when the journal writes it, and is measured by the
// clock of the journal alone. Until it ends nobody else can begin or claim the operation:
// the error is then a [*HeldError]. The owner itself can at any time, as can anybody
// once the lease has ended. A claim whose lease has ended stays good until somebody else
// has claimed or begun the operation; then it is lost, and with it Renew and Finish fail
// with [ErrClaimLost] and change nothing.
//
// A journal that one process has alone may keep claims in memory: they end with the
// process, and the next one need not wait for leases to end.
//
// # Writing one
//
// Store the JSON of an Intent whole, beside what is searched for, and return all of it:
// later versions add fields. In SQL each method is one statement. Here for PostgreSQL with
// its usual isolation, in which a statement that has waited for another looks at its row
// again, so that of two that claim at once one gets no row:
//
//	CREATE SEQUENCE tokens;
//	CREATE TABLE intents (
//		operation text PRIMARY KEY,
//		target    text NOT NULL,        -- Key of its Target
//		at        timestamptz NOT NULL, -- its At
//		intent    json NOT NULL,        -- json: jsonb refuses what a sender may write into an id
//		owner     text NOT NULL,
//		token     bigint NOT NULL,
//		until     timestamptz NOT NULL);
//	CREATE INDEX ON intents (target);
//	CREATE INDEX ON intents (at, operation);
//
//	-- Begin. No row: held, by the owner and until that a SELECT gives. Two that begin an
//	-- operation at once take turns, so that who comes second has the greater token.
//	WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($1, 0)))
//	INSERT INTO intents SELECT $1, $2, $3, $4, $5, nextval('tokens'), now() + $6 FROM turn
//	ON CONFLICT (operation) DO UPDATE SET (target, at, intent, owner, token, until) =
//		(excluded.target, excluded.at, excluded.intent, excluded.owner, nextval('tokens'), excluded.until)
//	WHERE intents.owner = excluded.owner OR intents.until <= now() RETURNING token, until;
//
//	-- Claim. No row: held, or missing, as a SELECT says.
//	UPDATE intents SET owner = $2, token = nextval('tokens'), until = now() + $3
//	WHERE operation = $1 AND (owner = $2 OR until <= now()) RETURNING intent, token, until;
//
//	-- Renew. No row: the claim is lost.
//	UPDATE intents SET until = now() + $3 WHERE operation = $1 AND token = $2 RETURNING until;
//
//	-- Finish. No row: if a SELECT finds the operation, the claim is lost.
//	DELETE FROM intents WHERE operation = $1 AND token = $2;
//
//	-- Pending, a page at a time: after the last of the page before, and no further than
//	-- the last of all was when it began ($3, $4).
//	SELECT at, operation, intent FROM intents
//	WHERE (at, operation) > ($1, $2) AND (at, operation) <= ($3, $4) ORDER BY at, operation LIMIT 100;
//
//	-- FindTarget.
//	SELECT intent FROM intents WHERE target = $1 ORDER BY at, operation;
//
// # What fails
//
// A call that returns an error, or is cut off by a crash, must leave the intent as it was
// or as it should be, never a part of it. What cannot be read is an error wherever it would
// be returned, and stays in the journal: it is never passed over, and never returned in part.
//
//   - Begin: nothing has been sent for the item, and nothing is. The intent may be there
//     all the same; Recover then finds nothing to do.
//   - Finish: the receipt is true, the intent stays, and its claim ends. The next Recover
//     looks at both ends again, finds that nothing is left to do, and removes it.
//   - Renew: the run goes on. Stamps on the items keep two runs from doing the same.
//   - FindOperation and FindTarget: the receipt has the error.
//
// # Order
//
// Pending and FindTarget order by At and, where that is the same, by Operation. At is
// the clock of whoever wrote the intent: with several machines whose clocks differ the order is
// only about that of writing. Nothing but the order in which people see receipts depends
// on it.
//
// Package quarantinetest has a suite that journals must pass: RunJournal.
type Journal interface {
	// Begin writes an intent and claims it for the owner. It replaces an intent of the same
	// operation, also if it is of another target, if the owner holds that or nobody does.
	// When it returns without error, intent and claim survive a crash (but see above for a
	// journal of one process).
	Begin(ctx context.Context, in Intent, owner string, lease time.Duration) (Claim, error)

	// Claim claims an intent that is there, and returns it as it is now. The error matches
	// [ErrNoIntent] if it does not exist, and [ErrHeld] if another owner has a claim that has
	// not ended.
	Claim(ctx context.Context, operation, owner string, lease time.Duration) (Intent, Claim, error)

	// Renew makes a claim last for a lease from now. A lease of 0 gives it up: anybody can
	// claim the intent at once. The token stays the same. The error matches [ErrClaimLost] if the
	// claim is lost, or the intent does not exist any more.
	Renew(ctx context.Context, c Claim, lease time.Duration) (Claim, error)

	// Finish removes the intent of a claim. It is not an error if the intent does not exist
	// any more, so a Finish whose answer was lost can be repeated. The error matches
	// [ErrClaimLost] if it exists and the claim is lost.
	Finish(ctx context.Context, c Claim) error

	// Pending yields the intents, oldest first, whether they are claimed or not, without
	// holding all of them in memory. An error stands for an intent that cannot be read, and
	// does not end the sequence; an error of the journal or the context does. All other methods
	// may be called meanwhile, from within the loop as well. What is finished meanwhile
	// need not be yielded. What is begun meanwhile must not be yielded without end: a recovery
	// may begin what it was given once more, with a later At.
	Pending(ctx context.Context) iter.Seq2[Intent, error]

	// FindOperation returns the intent of an operation, if there is one. It is called for
	// each item that has a stamp.
	FindOperation(ctx context.Context, operation string) (in Intent, found bool, err error)

	// FindTarget returns the intents whose Target has the same [Target.Key], oldest first.
	// Those returned together with an error are settled all the same. It is called twice in
	// each quarantine, so it should not read all intents.
	FindTarget(ctx context.Context, t Target) ([]Intent, error)
}

// Claim is the right to settle an intent: see [Journal].
type Claim struct {
	Operation string
	// Owner is who made it.
	Owner string
	// Token is greater than that of each earlier claim of the operation.
	Token int64
	// Until is when its lease ends, by the clock of the journal. It is for people: compare
	// it with no other clock.
	Until time.Time
}

// Errors of a [Journal]; test with errors.Is.
var (
	// ErrHeld reports that another owner has a claim to the intent. The error is a
	// [*HeldError].
	ErrHeld = errors.New("quarantine: another owner holds the intent")
	// ErrClaimLost reports that a claim is no longer good: its lease had ended, and another
	// owner has claimed the intent since, or its owner has claimed it again.
	ErrClaimLost = errors.New("quarantine: the claim to the intent is lost")
	// ErrNoIntent reports an operation without an open intent: it has been settled.
	ErrNoIntent = errors.New("quarantine: no such intent")
)

// HeldError is the error for an intent that another owner holds. It matches [ErrHeld].
type HeldError struct {
	Operation, Owner string
	// Until is when the claim ends, unless it is renewed, by the clock of the journal.
	Until time.Time
}

// Error names the owner and the time.
func (e *HeldError) Error() string {
	return fmt.Sprintf("%v: operation %s is with the service %q until %s, unless that renews its claim or ends before",
		ErrHeld, e.Operation, e.Owner, e.Until.UTC().Format(time.RFC3339))
}

// Is reports whether the target is [ErrHeld].
func (e *HeldError) Is(target error) bool { return target == ErrHeld }
