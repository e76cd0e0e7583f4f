package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Recover settles what an interrupted run left: every intent of the journal
// that has no outcome. It looks at both ends and finishes what was begun; a
// receipt says for each what became of it. Nothing is done where nothing was
// left, so it may be run at every start.
//
// An intent stays in the journal where the server could not be asked; such a
// receipt has a failed item. It is taken out where the item is at neither end,
// which the receipt tells, because there is nothing left to settle. An error of
// the iteration is the journal's, and terminal.
func (s *Service) Recover(ctx context.Context) iter.Seq2[*Receipt, error] {
	return func(yield func(*Receipt, error) bool) {
		// What can be read is settled, even if some of it cannot.
		intents, journalErr := s.journal.Open(ctx)
		for _, in := range intents {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			r := s.recover(ctx, in)
			if r.settled() {
				if err := s.journal.Finish(ctx, in.Operation); err != nil {
					yield(nil, fmt.Errorf("journal: %w", err))
					return
				}
			}
			if !yield(r, nil) {
				return
			}
		}
		if journalErr != nil {
			yield(nil, fmt.Errorf("journal: %w", journalErr))
		}
	}
}

// recover runs what an intent was about once more: the run finds the stamped
// item at whichever end it is.
func (s *Service) recover(ctx context.Context, in Intent) *Receipt {
	var r *Receipt
	var err error
	switch {
	case in.Direction == driver.ToUser:
		r, err = s.Restore(ctx, &Receipt{Target: in.Target, Items: []ReceiptItem{{
			Outcome: Failed, Operation: in.Operation, MessageID: cmp.Or(in.MessageID, in.Target.MessageID), Received: in.Received, From: in.From,
		}}})
	case in.Target.byCriteria():
		r, err = s.resume(ctx, in)
	default:
		r, err = s.Quarantine(ctx, in.Target)
	}
	if err != nil {
		r = s.receipt(map[driver.Direction]string{driver.ToUser: "restore", driver.ToQuarantine: "quarantine"}[in.Direction], in.Target)
		r.Items = []ReceiptItem{{Outcome: Failed, Operation: in.Operation, From: in.From, Folder: in.From.Folder.Path, Err: err}}
	}
	return r
}

// resume takes the one item of an intent. What else its criteria match, which may
// have come since, is not touched.
func (s *Service) resume(ctx context.Context, in Intent) (*Receipt, error) {
	if err := s.check(in.Target); err != nil {
		return nil, err
	}
	mailbox := s.strategy.Mailbox(in.Target.Mailbox)
	stamped := driver.Query{Operation: in.Operation, Origin: in.Target.Mailbox}
	return s.takeAll(ctx, in.Target, mailbox,
		func(ctx context.Context) (driver.Findings, error) {
			found, err := mailbox.Find(ctx, stamped)
			if err != nil || len(found.Items) > 0 {
				return found, err
			}
			// The run may have ended before the item had its stamp.
			it, err := mailbox.Inspect(ctx, in.From.ItemID)
			switch {
			case err == nil:
				it.Folder = in.From.Folder
				found.Items = append(found.Items, it)
				return found, nil
			case !errors.Is(err, ErrGone):
				return driver.Findings{}, err
			}
			return s.filed(ctx, mailbox, in)
		},
		func(ctx context.Context) (driver.Findings, error) { return s.inQuarantine(ctx, Target{}, stamped) })
}

// filed finds the item of an intent that its owner has moved before it had its
// stamp: what is described as it is, if that is one item only.
func (s *Service) filed(ctx context.Context, mailbox driver.Mailbox, in Intent) (driver.Findings, error) {
	q, ok := passage.Alike(in.MessageID, in.Received)
	if !ok {
		return driver.Findings{}, nil
	}
	found, err := s.search(ctx, mailbox, in.Target, unlimited, q)
	if err != nil {
		return driver.Findings{}, err
	}
	found.Items = slices.DeleteFunc(found.Items, func(it driver.Item) bool {
		return it.Stamp != nil || !driver.SameMessageID(it.MessageID, in.MessageID) || !driver.SameTime(it.Received, in.Received)
	})
	if len(found.Items) > 1 {
		return driver.Findings{}, fmt.Errorf("%d messages in %s may be the one that was to be taken: run the target again", len(found.Items), in.From.Mailbox)
	}
	return found, nil
}

// settled reports whether nothing of a run is undecided.
func (r *Receipt) settled() bool {
	for _, it := range r.Items {
		if it.Outcome == Failed || it.Outcome == Refused && it.Residue != "" {
			return false
		}
	}
	return len(r.Unsearched) == 0
}
