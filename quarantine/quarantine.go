package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Find finds every copy of a message in its mailbox and changes nothing. The
// outcome of each item is [Found].
//
// If the mailbox could not be searched, or too much matched, it returns an
// error, which matches [ErrInvalid] or [ErrUnreachable], for criteria also
// [ErrTooManyHits] or [ErrProtected], or comes from the server.
func (s *Service) Find(ctx context.Context, t Target) (*Receipt, error) {
	r, _, err := s.find(ctx, t)
	return r, err
}

// find is Find, and also returns the items themselves.
func (s *Service) find(ctx context.Context, t Target) (*Receipt, driver.Findings, error) {
	if err := errors.Join(s.check(t), s.allowed(t)); err != nil {
		return nil, driver.Findings{}, err
	}
	r := s.receipt("find", t)
	found, err := s.shown(ctx, driver.ToUser, t, func(ctx context.Context) (driver.Findings, error) {
		return s.search(ctx, s.strategy.Mailbox(t.Mailbox), t, s.limits, driver.Query{})
	})
	if err != nil {
		return nil, driver.Findings{}, fmt.Errorf("searching %s: %w", t.Mailbox, err)
	}
	for _, it := range found.Items {
		ri := receiptItem(it)
		ri.Outcome = Found
		r.Items = append(r.Items, ri)
	}
	r.near(found.Near)
	r.Searched, r.Unsearched, r.Examined = found.Searched, found.Unsearched, found.Examined
	r.unlikeNear(found.Near)
	r.Finished = time.Now().UTC()
	return r, found, nil
}

// Quarantine moves every copy of a message from its mailbox to the quarantine
// mailbox, each with its own outcome. Running it again changes nothing, or
// finishes what an interrupted run began.
//
// Criteria in a target apply to what the mailbox holds now: running it again
// also takes messages that have arrived since. If more match than the limits
// allow, nothing is taken.
//
// An error means that nothing was attempted: invalid arguments, an unreachable
// server, a mailbox that cannot be opened, or limits exceeded. The receipt says
// what happened to each copy; [Receipt.Err] joins the errors in it.
func (s *Service) Quarantine(ctx context.Context, t Target) (*Receipt, error) {
	return s.quarantineFound(ctx, t, nil)
}

// quarantineFound is Quarantine for what a search has already found; nil means
// that it has yet to search. If an item is gone, it searches again.
func (s *Service) quarantineFound(ctx context.Context, t Target, known *driver.Findings) (*Receipt, error) {
	if err := errors.Join(s.check(t), s.allowed(t)); err != nil {
		return nil, err
	}
	mailbox := s.strategy.Mailbox(t.Mailbox)
	return s.takeAll(ctx, t, mailbox,
		func(ctx context.Context) (driver.Findings, error) {
			if known != nil {
				found := *known
				known = nil
				return found, nil
			}
			return s.search(ctx, mailbox, t, s.limits, driver.Query{})
		},
		func(ctx context.Context) (driver.Findings, error) {
			return s.taken(ctx, t, driver.Query{Origin: t.Mailbox}, false)
		})
}

// outward returns the passage of an item into quarantine. Operations are the
// names that other items of this run have.
func (s *Service) outward(t Target, mailbox driver.Mailbox, it driver.Item, operations map[string]bool) *passage.Passage {
	return s.engine.New(passage.Passage{
		Direction: driver.ToQuarantine, Reason: t.Reason, Ledger: s.ledger(t), From: mailbox, To: s.quarantine, Item: it,
		Folder:    func(ctx context.Context, again bool) (driver.Folder, error) { return s.folderOf(ctx, t.Mailbox, again) },
		Scope:     func(f driver.Folder) driver.Query { return driver.Query{In: &f} },
		NameInUse: func(op string) bool { return operations[op] },
	})
}

// begun settles what an earlier run of the target has begun, according to the
// journal, and this one has not come to the end with, and adds it: a search that does
// not find it does not show that it is gone, nor one that finds it in quarantine that
// nothing is left.
func (s *Service) begun(ctx context.Context, t Target, r *Receipt) error {
	intents, err := s.intentsOf(ctx, t)
	for _, in := range intents {
		at := slices.IndexFunc(r.Items, func(it ReceiptItem) bool { return it.Operation == in.Operation })
		renamed := slices.IndexFunc(r.Items, func(it ReceiptItem) bool { return it.From.ItemID == in.From.ItemID }) // taken under another name
		switch {
		case in.Direction != driver.ToQuarantine,
			at >= 0 && (r.Items[at].Outcome != AlreadyQuarantined || r.Items[at].From.ItemID != ""),
			at < 0 && renamed >= 0 && !r.Items[renamed].Outcome.Done():
			continue
		}
		ri, err := s.settleTraced(ctx, in, intentItem(in))
		if ri.Outcome == Quarantined && ri.Way == "" {
			ri.Outcome = AlreadyQuarantined // another run has carried it
		}
		if err != nil && ri.Err == nil {
			ri.Outcome, ri.Err = unfinished(err), err
		}
		settled := (&Receipt{Items: []ReceiptItem{ri}}).settled()
		if settled {
			if err := s.journal.Finish(ctx, in.Operation); err != nil {
				return fmt.Errorf("journal: %w", err)
			}
		}
		switch {
		case at >= 0 && settled, renamed >= 0 && (ri.Outcome == NotFound || errors.Is(ri.Err, passage.ErrNowhere)):
			// It is in the receipt, or was taken under another name and has left nothing so
			// far.
		case at >= 0:
			r.Items[at] = ri
		default:
			r.Items = append(r.Items, ri)
		}
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// already adds what an earlier run took.
func (s *Service) already(ctx context.Context, r *Receipt, earlier func(context.Context) (driver.Findings, error)) error {
	found, err := s.shown(ctx, driver.ToQuarantine, r.Target, earlier)
	if err != nil {
		return err
	}
	items, others, err := s.engine.Single(ctx, s.quarantine, found.Items)
	if err != nil {
		return err
	}
	for _, it := range items {
		if slices.ContainsFunc(r.Items, func(ri ReceiptItem) bool { return ri.Operation == it.Stamp.Operation }) {
			continue
		}
		ri := receiptItem(it)
		ri.Outcome = AlreadyQuarantined
		ri.Operation = it.Stamp.Operation
		ri.Folder = it.Stamp.Folder.Path
		ri.WasRead = it.Stamp.Read
		ri.From = Place{Mailbox: it.Stamp.Mailbox, Folder: it.Stamp.Folder}
		ri.To = placeOf(it)
		if it.Stamp.Direction == driver.ToUser {
			ri.Residue = "a restore of it is in progress or was interrupted: run the recovery, or restore it again"
		}
		// The run that moved it may have been interrupted before it swept.
		left := s.engine.Sweep(ctx, s.strategy.Mailbox(it.Stamp.Mailbox), it, *it.Stamp)
		ri.add(passage.Result{Residue: strings.Join(left, "; ")})
		ri.add(others[it.Stamp.Operation])
		r.Items = append(r.Items, ri)
	}
	r.Unsearched = append(r.Unsearched, found.Unsearched...)
	return nil
}

func receiptItem(it driver.Item) ReceiptItem {
	return ReceiptItem{
		Folder: it.Folder.Path, WasRead: it.Read, MessageID: it.MessageID, Class: it.Class, Size: it.Size,
		Received: it.Received, From: placeOf(it),
	}
}

// unfinished returns the outcome for an error that leaves it open what has been
// done.
func unfinished(err error) Outcome {
	if errors.Is(err, passage.ErrUndecided) {
		return Undecided
	}
	return Failed
}

// conclude writes the result for an item into its receipt, and the outcome into
// the journal.
func (s *Service) conclude(ctx context.Context, p *passage.Passage, ri *ReceiptItem, err error, done Outcome) {
	out := p.Result()
	ri.Operation, ri.Way, ri.Residue, ri.Digest = out.Stamp.Operation, out.Way, out.Residue, out.Digest
	ri.Surplus = surplusOf(out.Asides)
	if out.Copy != nil {
		ri.To = Place{Mailbox: p.To.Address(), Folder: out.Copy.Folder, ItemID: out.Copy.ID}
	}
	switch {
	case err == nil:
		ri.Outcome = done
		s.lately.add(p.Direction, out.Stamp.Mailbox, out.Copy.MessageID, ri.From.ItemID, out.Copy.ID)
		p.Finish(ctx)
	case driver.Untouched(err) && !driver.Temporary(err) && out.Copy == nil && !errors.Is(err, passage.ErrUndecided) && !errors.Is(err, ErrGone):
		ri.Outcome, ri.Err = Refused, err
	default:
		ri.Outcome, ri.Err = unfinished(err), err
	}
}
