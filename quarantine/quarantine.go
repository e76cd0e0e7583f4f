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

// passes is how often a mailbox is searched again because an item was not
// where it had been found.
const passes = 3

// Find looks for every copy of a message in its mailbox and changes nothing.
// The outcome of each item is [Found]. The error says that nothing could be
// asked: it matches [ErrInvalid] or [ErrUnreachable], for criteria also
// [ErrTooManyHits] or [ErrProtected], or is the server's.
func (s *Service) Find(ctx context.Context, t Target) (*Receipt, error) {
	r, _, err := s.find(ctx, t)
	return r, err
}

// find is Find, and returns the items themselves, too.
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

// Quarantine moves every copy of a message out of its mailbox into the
// quarantine mailbox, each with its own outcome. Running it again changes
// nothing, or finishes what an interrupted run began.
//
// A target with criteria stands for what matches them now: running it again
// also takes what has come since. If more matches than the limits allow, nothing
// is taken.
//
// The error says that nothing could be asked: wrong arguments, an unreachable
// server, a mailbox that cannot be opened, limits exceeded. What became of each
// copy is in the receipt; [Receipt.Err] joins what went wrong there.
func (s *Service) Quarantine(ctx context.Context, t Target) (*Receipt, error) {
	return s.quarantineFound(ctx, t, nil)
}

// quarantineFound is Quarantine of what a search has found, nil if it is yet to
// be searched. What is not there any more is searched again.
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
			return s.inQuarantine(ctx, t, driver.Query{Origin: t.Mailbox})
		})
}

// takeAll takes what find finds, again until all of it stays where it was found.
// If there was nothing, earlier finds what an earlier run took.
func (s *Service) takeAll(ctx context.Context, t Target, mailbox driver.Mailbox, find, earlier func(context.Context) (driver.Findings, error)) (*Receipt, error) {
	unlock, err := s.lock(ctx, t)
	if err != nil {
		return nil, err
	}
	defer unlock()

	r := s.receipt("quarantine", t)
	seen := make(map[string]bool)
	operations := make(map[string]bool)
	for pass := 1; ; pass++ {
		found, err := find(ctx)
		if err != nil {
			if pass == 1 {
				return nil, fmt.Errorf("searching %s: %w", t.Mailbox, err)
			}
			r.Unsearched = append(r.Unsearched, driver.NotSearched(driver.Folder{}, err))
			break
		}
		r.Searched, r.Unsearched = found.Searched, found.Unsearched
		if fresh := unseen(found.Items, seen); pass > 1 && t.byCriteria() && len(r.Items)+fresh > s.limits.PerMailbox {
			err := s.limits.checkHits(t.Mailbox, len(r.Items)+fresh)
			r.Unsearched = append(r.Unsearched, driver.Unsearched{Cause: CauseUndecided, Reason: "what came meanwhile was left: " + err.Error()})
			break
		}
		moved := false
		for _, it := range found.Items {
			if seen[it.ID] {
				continue
			}
			seen[it.ID] = true
			ri, gone := s.take(ctx, t, mailbox, it, operations)
			if gone && pass < passes {
				moved = true // it has another id now, or another run took it
				continue
			}
			r.Items = append(r.Items, ri)
		}
		if !moved {
			break
		}
	}
	if len(r.Items) == 0 {
		if err := s.already(ctx, r, earlier); err != nil {
			return nil, fmt.Errorf("searching quarantine: %w", err)
		}
	}
	r.Finished = time.Now().UTC()
	return r, nil
}

// unseen counts the items that are not among the seen.
func unseen(items []driver.Item, seen map[string]bool) int {
	n := 0
	for _, it := range items {
		if !seen[it.ID] {
			n++
		}
	}
	return n
}

// take brings one copy into quarantine. It reports whether the copy was not
// where it had been found and nothing was done.
func (s *Service) take(ctx context.Context, t Target, mailbox driver.Mailbox, it driver.Item, operations map[string]bool) (ri ReceiptItem, isGone bool) {
	p := s.engine.New(passage.Passage{
		Direction: driver.ToQuarantine, Reason: t.Reason, Ledger: s.ledger(t), From: mailbox, To: s.quarantine, Item: it,
		Folder:    func(ctx context.Context, again bool) (driver.Folder, error) { return s.folderOf(ctx, t.Mailbox, again) },
		Scope:     func(f driver.Folder) driver.Query { return driver.Query{In: &f} },
		NameInUse: func(op string) bool { return operations[op] },
	})
	if it.Stamp != nil {
		// An earlier run may have used another folder.
		p.Scope = func(driver.Folder) driver.Query { return driver.Query{} }
	}
	err := p.Run(ctx)
	out := p.Result()
	operations[out.Stamp.Operation] = true
	ri = receiptItem(it)
	ri.WasRead = out.Stamp.Read
	conclude(ctx, p, &ri, err, Quarantined)
	return ri, errors.Is(err, ErrGone) && out.Copy == nil
}

// already looks for what an earlier run took.
func (s *Service) already(ctx context.Context, r *Receipt, earlier func(context.Context) (driver.Findings, error)) error {
	found, err := earlier(ctx)
	if err != nil {
		return err
	}
	for _, it := range s.single(ctx, found.Items) {
		ri := receiptItem(it)
		ri.Outcome = AlreadyQuarantined
		ri.Operation = it.Stamp.Operation
		ri.Folder = it.Stamp.Folder.Path
		ri.WasRead = it.Stamp.Read
		ri.From = Place{Mailbox: it.Stamp.Mailbox, Folder: it.Stamp.Folder}
		ri.To = placeOf(it)
		// The run that moved it may have been interrupted before it swept.
		ri.Residue = s.engine.Sweep(ctx, s.strategy.Mailbox(it.Stamp.Mailbox), it.Stamp.Operation)
		r.Items = append(r.Items, ri)
	}
	r.Unsearched = append(r.Unsearched, found.Unsearched...)
	return nil
}

// single returns the items in quarantine without those that are there twice: the
// server may have carried one of them long after its answer was lost. Everybody
// who looks keeps the same one.
func (s *Service) single(ctx context.Context, items []driver.Item) []driver.Item {
	items = slices.SortedStableFunc(slices.Values(items), func(a, b driver.Item) int { return strings.Compare(a.ID, b.ID) })
	var kept []driver.Item
	for _, it := range items {
		twin := slices.ContainsFunc(kept, func(k driver.Item) bool {
			return k.Stamp.Operation == it.Stamp.Operation && k.Stamp.Direction == it.Stamp.Direction && passage.Differs(k, it, false) == ""
		})
		if twin {
			if err := s.quarantine.Remove(ctx, it); err != nil && !errors.Is(err, ErrGone) {
				s.log.WarnContext(ctx, "a second copy is still in quarantine", "operation", it.Stamp.Operation, "error", err)
			}
			continue
		}
		kept = append(kept, it)
	}
	return kept
}

func receiptItem(it driver.Item) ReceiptItem {
	return ReceiptItem{
		Folder: it.Folder.Path, WasRead: it.Read, MessageID: it.MessageID, Class: it.Class, Size: it.Size,
		Received: it.Received, From: placeOf(it),
	}
}

// conclude writes what became of an item into its receipt, and the outcome into
// the journal.
func conclude(ctx context.Context, p *passage.Passage, ri *ReceiptItem, err error, done Outcome) {
	out := p.Result()
	ri.Operation, ri.Way, ri.Residue = out.Stamp.Operation, out.Way, out.Residue
	if out.Copy != nil {
		ri.To = Place{Mailbox: p.To.Address(), Folder: out.Copy.Folder, ItemID: out.Copy.ID}
	}
	switch {
	case err == nil:
		ri.Outcome = done
		p.Finish(ctx)
	case driver.Untouched(err) && !driver.Temporary(err) && out.Copy == nil:
		ri.Outcome, ri.Err = Refused, err
	default:
		ri.Outcome, ri.Err = Failed, err
	}
}
