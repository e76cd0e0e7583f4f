package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// TargetStatus is what became of a target of a campaign. It is plain data, and its JSON
// names are stable.
type TargetStatus struct {
	Key     string             `json:"key"` // of Target
	Target  quarantine.Target  `json:"target"`
	Outcome quarantine.Outcome `json:"outcome,omitempty"` // empty: it has not been tried yet
	// Problem is the error of the last try, and Settled means that there are no more tries.
	Problem string `json:"problem,omitempty"`
	Settled bool   `json:"settled"`
	Tries   int    `json:"tries"`
	// Next is when it is tried again, for example after a pause that a server asked for;
	// zero if its turn has come.
	Next     time.Time `json:"next,omitzero"`
	Finished time.Time `json:"finished,omitzero"` // when the last try finished
	// Released means that it is to be put back. RestoreOutcome and RestoreProblem are what
	// became of that, and Restored means that there are no more tries.
	Released       bool               `json:"released"`
	RestoreOutcome quarantine.Outcome `json:"restoreOutcome,omitempty"`
	RestoreProblem string             `json:"restoreProblem,omitempty"`
	Restored       bool               `json:"restored"`
	// Receipt and RestoreReceipt are the receipts, nil if there are none.
	Receipt        *quarantine.Receipt `json:"receipt,omitempty"`
	RestoreReceipt *quarantine.Receipt `json:"restoreReceipt,omitempty"`
}

// TargetFilter selects the targets that [Campaigns.Targets] returns. The zero value means
// all.
type TargetFilter struct {
	// Outcome, if not nil, selects those with this outcome: "" for those not yet tried.
	Outcome *quarantine.Outcome
	// Unsearched selects only those with folders that could not be searched, Problems only
	// those with an error, and Read only those with a message that its owner had read.
	Unsearched, Problems, Read bool
	// AfterMailbox and AfterKey are the mailbox and the key of the last target of the
	// previous page.
	AfterMailbox, AfterKey string
}

const targetColumns = `t.target, t.mailbox, t.request, t.outcome, t.problem, t.settled, t.tries, t.finished,
	t.back, t.back_outcome, t.back_problem, t.back_settled,
	CASE WHEN NOT t.settled AND t.not_before > now() THEN t.not_before WHEN t.back AND NOT t.back_settled AND t.back_not_before > now() THEN t.back_not_before END,
	q.receipt, r.receipt
	FROM fleet_targets t
	LEFT JOIN fleet_receipts q ON q.campaign = t.campaign AND q.target = t.target AND q.action = 'quarantine'
	LEFT JOIN fleet_receipts r ON r.campaign = t.campaign AND r.target = t.target AND r.action = 'restore' `

// Targets returns at most n targets of a campaign, by mailbox.
func (c *Campaigns) Targets(ctx context.Context, campaign string, f TargetFilter, n int) ([]TargetStatus, error) {
	outcome, any := "", f.Outcome == nil
	if !any {
		outcome = string(*f.Outcome)
	}
	rows, err := c.pool.Query(ctx, `SELECT `+targetColumns+`WHERE t.campaign = $1 AND ($2 OR t.outcome = $3)
			AND (NOT $4 OR t.unsearched > 0) AND (NOT $5 OR t.problem <> '' OR t.back_problem <> '') AND (NOT $6 OR t.was_read > 0)
			AND (t.mailbox, t.target) > ($7, $8)
		ORDER BY t.mailbox, t.target LIMIT $9`, campaign, any, outcome, f.Unsearched, f.Problems, f.Read, f.AfterMailbox, f.AfterKey, n)
	if err != nil {
		return nil, explain(err)
	}
	all, err := pgx.CollectRows(rows, scanTarget)
	return all, explain(err)
}

// Target returns one target of a campaign by its key. The error matches [ErrNoTarget], or
// is from the database.
func (c *Campaigns) Target(ctx context.Context, campaign, key string) (TargetStatus, error) {
	rows, err := c.pool.Query(ctx, `SELECT `+targetColumns+`WHERE t.campaign = $1 AND t.target = $2`, campaign, key)
	if err != nil {
		return TargetStatus{}, explain(err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTarget)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNoTarget
	}
	return t, explain(err)
}

// scanTarget reads a target. If a part of it cannot be read, since it was changed in the
// database, that becomes its problem, and does not hide other targets.
func scanTarget(row pgx.CollectableRow) (t TargetStatus, err error) {
	var mailbox string
	var request, took, gave []byte
	var finished, next *time.Time
	err = row.Scan(&t.Key, &mailbox, &request, &t.Outcome, &t.Problem, &t.Settled, &t.Tries, &finished,
		&t.Released, &t.RestoreOutcome, &t.RestoreProblem, &t.Restored, &next, &took, &gave)
	if err != nil {
		return t, err
	}
	if finished != nil {
		t.Finished = *finished
	}
	if next != nil {
		t.Next = *next
	}
	var unread []error
	if err := json.Unmarshal(request, &t.Target); err != nil {
		unread = append(unread, errUnreadable)
	}
	t.Target.Mailbox = mailbox // the column by which they are sorted
	for what, part := range map[string]struct {
		text []byte
		into **quarantine.Receipt
	}{"receipt": {took, &t.Receipt}, "receipt of the restore": {gave, &t.RestoreReceipt}} {
		if part.text == nil {
			continue
		}
		if err := json.Unmarshal(part.text, part.into); err != nil {
			*part.into = nil
			unread = append(unread, fmt.Errorf("%w: the %s of target %s", ErrDamaged, what, t.Key))
		}
	}
	if len(unread) > 0 {
		t.Problem = strings.TrimSpace(textOf(errors.Join(unread...)) + "\n" + t.Problem)
	}
	return t, nil
}

// perPage is how many targets All reads at a time.
const perPage = 200

// All yields the targets of a campaign, by mailbox, with their receipts, without holding
// them all in memory. An error ends the sequence.
func (c *Campaigns) All(ctx context.Context, campaign string) iter.Seq2[TargetStatus, error] {
	return func(yield func(TargetStatus, error) bool) {
		var f TargetFilter
		for {
			page, err := c.Targets(ctx, campaign, f, perPage)
			if err != nil {
				yield(TargetStatus{}, err)
				return
			}
			for _, t := range page {
				if !yield(t, nil) {
					return
				}
			}
			if len(page) < perPage {
				return
			}
			last := page[len(page)-1]
			f.AfterMailbox, f.AfterKey = last.Target.Mailbox, last.Key
		}
	}
}
