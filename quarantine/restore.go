package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Restore puts back what a receipt of [Service.Quarantine] says was taken, with
// its read state: into the folder it came from; if that is gone, into its
// re-created path; failing that, into the Inbox. Running it again changes
// nothing.
//
// An error concerns the whole request: for example, the receipt is invalid or
// comes from [Service.Find], or the quarantine mailbox is unreachable. The
// returned receipt says what happened to each item.
//
// An item that the receipt's own run did not carry may still be being taken by another
// run, which has copied it but not removed the original yet. Restore first shows that the
// original is gone, which can take until SearchLag after it was marked. If it is still
// there, the item stays in quarantine, and is Undecided.
func (s *Service) Restore(ctx context.Context, r *Receipt) (*Receipt, error) {
	if r == nil {
		return nil, driver.Invalid("receipt", "", "is nil; pass the receipt of a quarantine")
	}
	if r.Action == "find" || r.DryRun {
		return nil, driver.Invalid("receipt", "action", "is that of a search, which took nothing; pass the receipt of a quarantine")
	}
	if err := cmp.Or(s.check(r.Target), s.keptElsewhere(r)); err != nil {
		return nil, fmt.Errorf("%w (in the receipt)", err)
	}
	for i, it := range r.Items {
		if it.Operation != "" && !driver.ValidOperation(it.Operation) {
			return nil, driver.Invalid("receipt", fmt.Sprintf("items[%d].operation", i), fmt.Sprintf("is %q, which is not a valid operation name", it.Operation))
		}
	}
	ctx, meter := driver.Metered(driver.WithTask(ctx, r.Target.Mailbox))
	unlock, err := s.lock(ctx, r.Target)
	if err != nil {
		return nil, err
	}
	defer unlock()

	out := s.receipt("restore", r.Target)
	back := make(map[string]bool)
	var missing []missed
	for _, was := range r.Items {
		if was.Operation == "" || was.Outcome == NotFound || was.Outcome == Found {
			continue
		}
		found, err := s.takenItem(ctx, r, was)
		found.Items, found.doubtful = slices.DeleteFunc(found.Items, recoverable), slices.DeleteFunc(found.doubtful, recoverable)
		if err != nil && len(out.Items) == 0 {
			return nil, fmt.Errorf("searching quarantine: %w", err)
		}
		out.Unsearched = append(out.Unsearched, s.inVault(r.Target.Mailbox, found.Unsearched)...)
		ri := was
		switch {
		case err != nil:
			ri.Outcome, ri.Err = unbegun(err), err
		case len(found.Items) > 0:
			var gone *missed
			// If a move leaves something in Recoverable Items, the user may have recovered it
			// since. Only the run that carried the item knows that no other is still working on
			// it.
			finished := was.Outcome == Quarantined && was.Way != "" && !s.engine.Leaves
			if ri, gone = s.giveBackTraced(ctx, r.Target, found.Items, back, finished); gone != nil {
				gone.at = len(out.Items)
				missing = append(missing, *gone)
			}
		case len(found.doubtful) > 0:
			ri.Outcome, ri.Err, ri.To = Refused, s.errUnsealed(r.Target.Mailbox, found.doubtful[0]), s.place(found.doubtful[0])
		default:
			ri.Outcome, ri.Err, ri.To = NotFound, nil, Place{}
			if was.Outcome.Done() {
				ri.Err = fmt.Errorf("%w: nothing with its stamp is in quarantine, nor is it in the mailbox; was it deleted?", ErrGone)
			}
			if to := was.To.Mailbox; was.lies() && to != "" && !strings.EqualFold(to, s.vaultOf(r.Target.Mailbox).Address()) {
				ri.Err = fmt.Errorf("%w: it is neither in %s nor in the mailbox; the receipt says that it was taken to %s, which another configuration has", ErrGone, s.vaultOf(r.Target.Mailbox).Address(), to)
			}
			missing = append(missing, missed{at: len(out.Items), was: was})
		}
		out.Items = append(out.Items, ri)
	}
	s.account(ctx, out, missing, back, r.Items)
	s.tellStampless(ctx, r, out)
	out.finish(meter)
	return out, nil
}

// RestoreMessage puts back every copy of a message that was quarantined from a
// mailbox, as [Service.Restore] does but without a receipt: the items in
// quarantine are enough. Unless this service has just taken them, it first shows for each
// that the original is gone: see [Service.Restore].
func (s *Service) RestoreMessage(ctx context.Context, t Target) (*Receipt, error) {
	if err := s.check(t); err != nil {
		return nil, err
	}
	ctx, meter := driver.Metered(driver.WithTask(ctx, t.Mailbox))
	unlock, err := s.lock(ctx, t)
	if err != nil {
		return nil, err
	}
	defer unlock()

	out := s.receipt("restore", t)
	var found holding
	found.Findings, err = s.shown(ctx, driver.ToQuarantine, t, func(ctx context.Context) (_ driver.Findings, err error) {
		found, err = s.taken(ctx, t, driver.Query{Origin: t.Mailbox}, everywhere)
		return found.Findings, err
	})
	if err != nil {
		return nil, fmt.Errorf("searching quarantine: %w", err)
	}
	out.Unsearched = s.inVault(t.Mailbox, found.Unsearched)
	found.Items, found.doubtful = slices.DeleteFunc(found.Items, recoverable), slices.DeleteFunc(found.doubtful, recoverable)
	byOperation := make(map[string][]driver.Item)
	var order []string
	for _, it := range found.Items {
		op := it.Stamp.Operation
		if byOperation[op] == nil {
			order = append(order, op)
		}
		byOperation[op] = append(byOperation[op], it)
	}
	back := make(map[string]bool)
	var missing []missed
	for i, op := range order {
		ri, gone := s.giveBackTraced(ctx, t, byOperation[op], back, false)
		if gone != nil {
			gone.at = i
			missing = append(missing, *gone)
		}
		out.Items = append(out.Items, ri)
	}
	s.account(ctx, out, missing, back, nil)
	if len(order) == 0 {
		ri, err := s.returned(ctx, t, ReceiptItem{MessageID: t.MessageID}, false, back, nil, new(view))
		if err != nil && ri.Err == nil {
			return nil, err // nothing was changed
		}
		if ri.Outcome != NotFound {
			out.Items = append(out.Items, ri)
		} else if err := s.undeleteMessage(ctx, out, back); err != nil {
			return nil, err // nothing was changed
		}
	}
	s.refuseUnsealed(out, found.doubtful)
	s.tellUnsealed(out, holding{Findings: found.Findings})
	out.finish(meter)
	return out, nil
}

// giveBack moves an item back to its mailbox and records in back that it is
// there. Items are the items of one operation; there is more than one only if a
// late request has made another copy. Finished means that its quarantine is
// known to have finished. If the item was gone before it could be carried, it
// is also returned as missed: another run may have restored it, or be about to.
func (s *Service) giveBack(ctx context.Context, t Target, items []driver.Item, back map[string]bool, finished bool) (ReceiptItem, *missed) {
	single, others, err := s.engineFor(t.Mailbox).Single(ctx, s.vaultOf(t.Mailbox), items)
	if err != nil || len(single) == 0 {
		ri := s.receiptItem(items[0])
		ri.Operation, ri.Outcome, ri.Err = items[0].Stamp.Operation, NotBegun, cmp.Or(err, fmt.Errorf("%w: it was moved while it was read; run it again", ErrGone))
		return ri, nil
	}
	it := single[0]
	finished = finished || !s.engine.Leaves && s.lately.carried(driver.ToQuarantine, t.Mailbox, it.ID)
	p := s.homeward(t, it, finished)
	ri := s.receiptItem(it)
	ri.Folder, ri.WasRead = it.Stamp.Folder.Path, it.Stamp.Read
	err = p.Run(ctx)
	if err == nil {
		err = p.Release(ctx)
	}
	var gone *missed
	if errors.Is(err, passage.ErrNowhere) || errors.Is(err, ErrGone) && !errors.Is(err, passage.ErrUndecided) {
		was := ri
		was.Operation, was.From = it.Stamp.Operation, origin(*it.Stamp)
		gone = &missed{was: was, done: func() { p.Finish(ctx) }}
	}
	s.conclude(ctx, p, &ri, err, Restored)
	s.addOthers(&ri, others[it.Stamp.Operation])
	if gone == nil {
		back[ri.To.ItemID] = true
	}
	return ri, gone
}

// homeward returns the passage of an item back to its mailbox.
func (s *Service) homeward(t Target, it driver.Item, finished bool) *passage.Passage {
	mailbox := s.strategy.Mailbox(t.Mailbox)
	var p *passage.Passage
	p = s.engineFor(t.Mailbox).New(passage.Passage{
		Direction: driver.ToUser, Ledger: s.ledger(t), From: s.vaultOf(t.Mailbox), To: mailbox, Item: it, Finished: finished,
		Folder: func(ctx context.Context, again bool) (driver.Folder, error) {
			var was driver.Folder
			if p.Item.Stamp != nil {
				was = p.Item.Stamp.Folder
			}
			if again || p.Item.Stamp != nil && !s.owns(origin(*p.Item.Stamp)) {
				was.ID = "" // the folder with this id is gone, or the id belongs to another mail system
			}
			return mailbox.Home(ctx, was)
		},
		Scope:     func(driver.Folder) driver.Query { return driver.Query{} },
		NameInUse: func(string) bool { return false },
	})
	return p
}

// missed is an item of a receipt that is not in quarantine.
type missed struct {
	at   int         // which of the receipt's items
	was  ReceiptItem // as it was when it was taken
	done func()      // called once it is back; may be nil
	// deleted is what was found of it in Recoverable Items of the quarantine mailbox; nil
	// if that has not been searched.
	deleted []driver.Item
}

// account finds out which missing items are back in the mailbox, and leaves the
// others unchanged, unless someone has deleted them in quarantine and they can be
// recovered. Each is looked for first in the folder it came from, and only after
// all of them have been, elsewhere, so none is mistaken for another. The parameter
// all has the items of the receipt, if there is one.
func (s *Service) account(ctx context.Context, out *Receipt, missing []missed, back map[string]bool, all []ReceiptItem) {
	for _, sameFolder := range []bool{true, false} {
		var v view
		missing = slices.DeleteFunc(missing, func(a missed) bool {
			ri, err := s.returned(ctx, out.Target, a.was, sameFolder, back, all, &v)
			if err != nil {
				ri.Outcome, ri.Err = unfinished(err), err
			}
			if ri.Outcome == NotFound {
				return false
			}
			out.Items[a.at] = ri
			if a.done != nil && ri.Outcome.Done() {
				a.done()
			}
			return true
		})
	}
	s.undelete(ctx, out, missing, back)
}
