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

// passes is how often a mailbox is searched at most, if items are not where
// they were found.
const passes = 3

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
	found, err := s.search(ctx, s.strategy.Mailbox(t.Mailbox), t, s.limits, driver.Query{})
	if err != nil {
		return nil, driver.Findings{}, fmt.Errorf("searching %s: %w", t.Mailbox, err)
	}
	for _, it := range found.Items {
		ri := receiptItem(it)
		ri.Outcome = Found
		r.Items = append(r.Items, ri)
	}
	r.Searched, r.Unsearched = found.Searched, found.Unsearched
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
			return s.taken(ctx, t, driver.Query{Origin: t.Mailbox})
		})
}

// takeAll takes what find returns, and searches again if an item was no longer
// where it was found. If there was nothing to take, earlier finds what an
// earlier run took.
func (s *Service) takeAll(ctx context.Context, t Target, mailbox driver.Mailbox, find, earlier func(context.Context) (driver.Findings, error)) (*Receipt, error) {
	unlock, err := s.lock(ctx, t)
	if err != nil {
		return nil, err
	}
	defer unlock()

	r := s.receipt("quarantine", t)
	seen := make(map[string]bool)
	operations := make(map[string]bool)
	var gone []ReceiptItem // seen, not where they were, and not seen since
	for pass := 1; ; pass++ {
		found, err := find(ctx)
		if err != nil {
			if pass == 1 {
				return nil, fmt.Errorf("searching %s: %w", t.Mailbox, err)
			}
			r.Unsearched = append(r.Unsearched, driver.NotSearched(driver.Folder{}, err))
			break
		}
		r.Searched, r.Unsearched = withHits(found.Searched, r.Searched), found.Unsearched
		found.Items = slices.DeleteFunc(found.Items, r.undecided)
		if fresh := unseen(found.Items, seen); pass > 1 && t.byCriteria() && len(r.Items)+fresh > s.limits.PerMailbox {
			err := s.limits.checkHits(t.Mailbox, len(r.Items)+fresh)
			r.Unsearched = append(r.Unsearched, driver.Unsearched{Cause: CauseUndecided, Reason: "messages that arrived in the meantime were not taken: " + err.Error()})
			break
		}
		gone = gone[min(unseen(found.Items, seen), len(gone)):]
		moved := false
		for _, it := range found.Items {
			if seen[it.ID] {
				continue
			}
			seen[it.ID] = true
			ri, isGone := s.take(ctx, t, mailbox, it, operations)
			if isGone && pass < passes {
				// It has another id now, or another run took it; or the server errs.
				moved = true
				gone = append(gone, ri)
				delete(seen, it.ID)
				continue
			}
			r.Items = append(r.Items, ri)
		}
		if !moved {
			break
		}
	}
	taken := len(r.Items)
	if taken == 0 || len(gone) > 0 {
		if err := s.already(ctx, r, earlier); err != nil && taken == 0 {
			return nil, fmt.Errorf("searching quarantine: %w", err)
		}
		gone = gone[min(r.takenByOthers(), len(gone)):]
	}
	if taken == 0 {
		if err := s.begun(ctx, t, r); err != nil {
			return nil, err
		}
	}
	r.unaccounted(gone)
	r.Finished = time.Now().UTC()
	return r, nil
}

// undecided reports whether an item is one that this run has ended undecided with,
// seen again because it was moved. A later run goes on with it.
func (r *Receipt) undecided(it driver.Item) bool {
	return it.Stamp != nil && it.Stamp.Direction == driver.ToQuarantine && slices.ContainsFunc(r.Items, func(ri ReceiptItem) bool {
		return ri.Outcome == Undecided && ri.Operation == it.Stamp.Operation
	})
}

// takenByOthers counts the items that another run has taken.
func (r *Receipt) takenByOthers() (n int) {
	for _, ri := range r.Items {
		if ri.Outcome == AlreadyQuarantined {
			n++
		}
	}
	return n
}

// unaccounted adds the items that were seen and are at neither end any more: each
// may have been moved or deleted, and a search may not show it yet.
func (r *Receipt) unaccounted(gone []ReceiptItem) {
	for _, ri := range gone {
		ri.Outcome, ri.Way, ri.Residue = Undecided, "", ""
		ri.Err = fmt.Errorf("%w: it was moved or deleted while it was being taken, and no search has shown it since; run it again", ErrGone)
		r.Items = append(r.Items, ri)
	}
}

// withHits returns what a search covered, with the hits that an earlier pass had
// in the same folders: they have been taken since.
func withHits(searched, earlier []driver.Searched) []driver.Searched {
	before := make(map[string]int, len(earlier))
	for _, e := range earlier {
		before[e.Folder.ID] = e.Hits
	}
	for i, s := range searched {
		searched[i].Hits = max(s.Hits, before[s.Folder.ID])
	}
	return searched
}

// unseen counts the items that have not been seen.
func unseen(items []driver.Item, seen map[string]bool) int {
	n := 0
	for _, it := range items {
		if !seen[it.ID] {
			n++
		}
	}
	return n
}

// take moves one copy into quarantine. It reports whether the copy was not
// where it had been found, so that nothing was done.
func (s *Service) take(ctx context.Context, t Target, mailbox driver.Mailbox, it driver.Item, operations map[string]bool) (ri ReceiptItem, isGone bool) {
	p := s.outward(t, mailbox, it, operations)
	err := p.Run(ctx)
	out := p.Result()
	operations[out.Stamp.Operation] = true
	ri = receiptItem(it)
	ri.WasRead = out.Stamp.Read
	conclude(ctx, p, &ri, err, Quarantined)
	if ri.Outcome == Quarantined && ri.Way == "" {
		ri.Outcome = AlreadyQuarantined // another run has carried it
	}
	return ri, errors.Is(err, ErrGone) && !errors.Is(err, passage.ErrUndecided)
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
// journal, and adds it: a search that finds nothing does not show that it is
// gone.
func (s *Service) begun(ctx context.Context, t Target, r *Receipt) error {
	intents, err := s.journal.Open(ctx)
	for _, in := range intents {
		same := in.Target.Mailbox == t.Mailbox && in.Target.MessageID == t.MessageID && in.Target.Criteria == t.Criteria
		named := slices.ContainsFunc(r.Items, func(it ReceiptItem) bool { return it.Operation == in.Operation })
		if !same || named || in.Direction != driver.ToQuarantine {
			continue
		}
		ri, err := s.settle(ctx, in, intentItem(in))
		if ri.Outcome == Quarantined && ri.Way == "" {
			ri.Outcome = AlreadyQuarantined // another run has carried it
		}
		if err != nil && ri.Err == nil {
			ri.Outcome, ri.Err = unfinished(err), err
		}
		if one := (&Receipt{Items: []ReceiptItem{ri}}); one.settled() {
			if err := s.journal.Finish(ctx, in.Operation); err != nil {
				return fmt.Errorf("journal: %w", err)
			}
		}
		r.Items = append(r.Items, ri)
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// already adds what an earlier run took.
func (s *Service) already(ctx context.Context, r *Receipt, earlier func(context.Context) (driver.Findings, error)) error {
	found, err := earlier(ctx)
	if err != nil {
		return err
	}
	items, residues, err := s.engine.Single(ctx, s.quarantine, found.Items)
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
		if left := s.engine.Sweep(ctx, s.strategy.Mailbox(it.Stamp.Mailbox), it, *it.Stamp); len(left) > 0 {
			ri.Residue = strings.Join(left, "; ")
		}
		if told := residues[it.Stamp.Operation]; told != "" {
			ri.Residue = told
		}
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
func conclude(ctx context.Context, p *passage.Passage, ri *ReceiptItem, err error, done Outcome) {
	out := p.Result()
	ri.Operation, ri.Way, ri.Residue, ri.Digest = out.Stamp.Operation, out.Way, out.Residue, out.Digest
	if out.Copy != nil {
		ri.To = Place{Mailbox: p.To.Address(), Folder: out.Copy.Folder, ItemID: out.Copy.ID}
	}
	switch {
	case err == nil:
		ri.Outcome = done
		p.Finish(ctx)
	case driver.Untouched(err) && !driver.Temporary(err) && out.Copy == nil && !errors.Is(err, passage.ErrUndecided):
		ri.Outcome, ri.Err = Refused, err
	default:
		ri.Outcome, ri.Err = unfinished(err), err
	}
}
