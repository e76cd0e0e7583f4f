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
// A run that works on an intent has a [Claim] to it: the name of the owner, and a token
// that fences off earlier owners. Each successful Begin or Claim of an operation returns
// a token that is greater than every token returned for that operation before, even for
// an intent that has been finished since: use one counter for all operations. A claim
// lasts for a lease, which begins when the journal writes it and is measured by the
// journal's clock alone. Until the lease ends, nobody else can begin or claim the
// operation: the error is then a [*HeldError]. The owner itself can do so at any time, as
// can anybody once the lease has ended. A claim whose lease has ended stays good until
// somebody else has claimed or begun the operation; then it is lost, and Renew and Finish
// with it fail with [ErrClaimLost] and change nothing.
//
// A journal that only one process uses may keep claims in memory: they end with the
// process, and the next one need not wait for leases to end.
//
// # Writing one
//
// Store the JSON of an Intent whole, alongside the columns that are searched, and return
// all of it: later versions add fields. In SQL each method is one statement. These are for
// PostgreSQL with its default isolation, in which a statement that has waited for another
// looks at its row again, so if two claim at the same time, one of them gets no row:
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
//	-- operation at the same time take turns, so the second gets the greater token.
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
// A call that returns an error, or is cut off by a crash, must leave the intent either as
// it was or as it should be, never partly changed. An intent that cannot be read is an
// error wherever it would be returned, and stays in the journal: it is never skipped, and
// never returned in part.
//
//   - Begin: nothing has been sent for the item, and nothing will be. The intent may
//     still be there; Recover then finds nothing to do.
//   - Finish: the receipt is true, the intent stays, and its claim ends. The next Recover
//     looks at both ends again, finds that nothing is left to do, and removes it.
//   - Renew: the run continues. Stamps on the items keep two runs from doing the
//     same work.
//   - FindOperation and FindTarget: the receipt contains the error.
//
// # Order
//
// Pending and FindTarget order by At and, where that is the same, by Operation. At comes
// from the clock of the machine that wrote the intent: if several machines' clocks differ,
// the order is only roughly the order of writing. Nothing depends on it except the order in
// which people see receipts.
//
// Package quarantinetest has a suite that journals must pass: RunJournal.
type Journal interface {
	// Begin writes an intent and claims it for the owner. If the owner or nobody holds an
	// intent of the same operation, Begin replaces it, even one for another target. Once it
	// returns without error, intent and claim survive a crash (but see above for a journal
	// that one process uses).
	Begin(ctx context.Context, in Intent, owner string, lease time.Duration) (Claim, error)

	// Claim claims an existing intent and returns it as it is now. The error matches
	// [ErrNoIntent] if it does not exist, and [ErrHeld] if another owner has a claim whose
	// lease has not ended.
	Claim(ctx context.Context, operation, owner string, lease time.Duration) (Intent, Claim, error)

	// Renew makes a claim last for a lease from now. A lease of 0 gives it up: anybody can
	// claim the intent immediately. The token stays the same. The error matches
	// [ErrClaimLost] if the claim is lost or the intent no longer exists.
	Renew(ctx context.Context, c Claim, lease time.Duration) (Claim, error)

	// Finish removes the intent of a claim. It is not an error if the intent no longer
	// exists, so a Finish whose answer was lost can be repeated. The error matches
	// [ErrClaimLost] if it exists and the claim is lost.
	Finish(ctx context.Context, c Claim) error

	// Pending yields the intents, oldest first, claimed or not, without holding all of them
	// in memory. An error that stands for an intent that cannot be read does not end the
	// sequence; an error from the journal or the context does. All other methods may be
	// called in the meantime, including from within the loop. Intents finished in the
	// meantime need not be yielded. Intents begun in the meantime must not keep the
	// sequence from ending: a recovery may begin again an intent that it was given, with a
	// later At.
	Pending(ctx context.Context) iter.Seq2[Intent, error]

	// FindOperation returns the intent of an operation, if there is one. It is called for
	// each item that has a stamp.
	FindOperation(ctx context.Context, operation string) (in Intent, found bool, err error)

	// FindTarget returns the intents whose Target has the same [Target.Key], oldest first.
	// Intents returned together with an error are settled nevertheless. It is called twice
	// in each quarantine, so it should not read all intents.
	FindTarget(ctx context.Context, t Target) ([]Intent, error)
}

// Claim is the right to settle an intent: see [Journal].
type Claim struct {
	Operation string
	// Owner is who made it.
	Owner string
	// Token is greater than that of each earlier claim of the operation.
	Token int64
	// Until is when its lease ends, by the clock of the journal. It is for people: do not
	// compare it with any other clock.
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
