package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Find finds every copy of a message in its mailbox and changes nothing. The
// outcome of each item is [Found].
//
// If the mailbox could not be searched, or too much matched, it returns an
// error. The error matches [ErrInvalid] or [ErrUnreachable] or, for criteria,
// [ErrTooManyHits] or [ErrProtected]; otherwise it comes from the server.
func (s *Service) Find(ctx context.Context, t Target) (*Receipt, error) {
	r, _, err := s.find(ctx, t)
	return r, err
}

// find is Find, and also returns the items themselves.
func (s *Service) find(ctx context.Context, t Target) (*Receipt, driver.Findings, error) {
	if err := errors.Join(s.check(t), s.allowed(t)); err != nil {
		return nil, driver.Findings{}, err
	}
	ctx, meter := driver.Metered(driver.WithTask(ctx, t.Mailbox))
	r := s.receipt("find", t)
	found, err := s.shown(ctx, driver.ToUser, t, func(ctx context.Context) (driver.Findings, error) {
		return s.search(ctx, s.strategy.Mailbox(t.Mailbox), t, s.limits, driver.Query{})
	})
	if err != nil {
		return nil, driver.Findings{}, fmt.Errorf("searching %s: %w", t.Mailbox, err)
	}
	for _, it := range found.Items {
		ri := s.receiptItem(it)
		ri.Outcome = Found
		r.Items = append(r.Items, ri)
	}
	r.near(found.Near)
	r.Searched, r.Unsearched, r.Examined = found.Searched, found.Unsearched, found.Examined
	r.unlikeNear(found.Near)
	r.finish(meter)
	return r, found, nil
}

// Quarantine moves every copy of a message from its mailbox to the quarantine
// mailbox, each with its own outcome. Running it again changes nothing, or
// finishes what an interrupted run began.
//
// The whole mailbox is searched before anything is taken. Messages in the Inbox and the
// folders below it are then taken first, then those in other folders, and last those in
// Recoverable Items; in each, unread messages come before read ones.
//
// Criteria in a target apply to what the mailbox holds now: running it again
// also takes messages that have arrived since. If more match than the limits
// allow, nothing is taken.
//
// An error means that nothing was attempted: the arguments are invalid, the server is
// unreachable, the mailbox cannot be opened, or limits are exceeded. The receipt says
// what happened to each copy; [Receipt.Err] joins the errors in it.
func (s *Service) Quarantine(ctx context.Context, t Target) (*Receipt, error) {
	return s.quarantineFound(ctx, t, nil)
}

// quarantineFound is Quarantine for what a search has already found; nil means
// that it must search first. If an item is gone, it searches again.
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
		func(ctx context.Context, to reach) (holding, error) {
			return s.taken(ctx, t, driver.Query{Origin: t.Mailbox}, to)
		})
}

// outward returns the passage of an item into quarantine. Operations holds the
// names of the other items of this run.
func (s *Service) outward(t Target, mailbox driver.Mailbox, it driver.Item, operations map[string]bool) *passage.Passage {
	return s.engineFor(t.Mailbox).New(passage.Passage{
		Direction: driver.ToQuarantine, Reason: t.Reason, Reference: t.Reference, Ledger: s.ledger(t), From: mailbox, To: s.vaultOf(t.Mailbox), Item: it,
		Folder:    func(ctx context.Context, again bool) (driver.Folder, error) { return s.folderOf(ctx, t.Mailbox, again) },
		Scope:     func(f driver.Folder) driver.Query { return driver.Query{In: &f} },
		NameInUse: func(op string) bool { return operations[op] },
	})
}

// begun settles, and adds to the receipt, what an earlier run of the target began
// according to the journal and this run has not finished. A search that does not find
// such an item does not show that it is gone, and one that finds it in quarantine
// does not show that nothing is left in the mailbox.
func (s *Service) begun(ctx context.Context, t Target, r *Receipt) error {
	intents, err := s.intentsOf(ctx, t)
	for _, in := range intents {
		at := slices.IndexFunc(r.Items, func(it ReceiptItem) bool { return it.Operation == in.Operation })
		renamed := slices.IndexFunc(r.Items, func(it ReceiptItem) bool { return it.From.ItemID == in.From.ItemID }) // taken under another name
		switch {
		case in.Direction != driver.ToQuarantine,
			at >= 0 && (!r.Items[at].lies() || r.Items[at].From.ItemID != ""),
			at < 0 && renamed >= 0 && !r.Items[renamed].Outcome.Done():
			continue
		}
		// If another run holds the intent, or has settled it by now, the item is still
		// looked at: its stamp says what may be done with it. The intent is left alone.
		current, claimErr := s.claims.take(ctx, in.Operation)
		if claimErr == nil {
			in = current
		} else if !errors.Is(claimErr, ErrHeld) && !errors.Is(claimErr, ErrNoIntent) {
			err = errors.Join(err, claimErr)
		}
		ri, settleErr := s.traced(ctx, ItemRecover, in.Target, driver.Item{ID: in.From.ItemID}, func(ctx context.Context) (ReceiptItem, error) {
			ri, err := s.settle(ctx, in, intentItem(in))
			if ri.Outcome == Quarantined && ri.Way == "" {
				ri.Outcome = t.before(in.Target.Reference) // another run has carried it
			}
			return ri, err
		})
		if settleErr != nil && ri.Err == nil {
			ri.Outcome, ri.Err = unfinished(settleErr), settleErr
		}
		settled := (&Receipt{Items: []ReceiptItem{ri}}).settled()
		if settled && claimErr == nil {
			if finishErr := s.claims.finish(ctx, in.Operation); finishErr != nil {
				s.log.WarnContext(ctx, "journal: intent could not be removed", "operation", in.Operation, "error", finishErr)
			}
		}
		s.claims.release(ctx, in.Operation)
		switch {
		case at >= 0 && settled, renamed >= 0 && (ri.Outcome == NotFound || errors.Is(ri.Err, passage.ErrNowhere)):
			// It is in the receipt, or it was taken under another name and nothing else has
			// turned up.
		case ri.Outcome == NotFound && !s.owns(in.From) && len(r.Items) > 0:
			// Nothing is left of it: either it was never marked, or it is one of those in
			// the receipt under another name. Its id cannot tell which.
		case ri.Outcome == NotFound && r.lies(ri):
			// Nobody can tell whether it is that item or was another one.
			r.note("an earlier run had begun with a copy in %s of which nothing is in either mailbox any more: it was moved and taken under another name, released, or deleted since", ri.Folder)
		case at >= 0:
			r.Items[at] = ri
		default:
			r.Items = append(r.Items, ri)
		}
	}
	switch {
	case err == nil:
		return nil
	case gaveUp(ctx, err): // the journal is not at fault
		return fmt.Errorf("the journal was not read: %w", err)
	}
	return fmt.Errorf("journal: %w", err)
}

// before returns the outcome for a copy that an earlier run took with a reference.
func (t Target) before(reference string) Outcome {
	if t.Reference != "" && t.Reference == reference {
		return Quarantined
	}
	return AlreadyQuarantined
}

// lies reports whether the item lies in quarantine.
func (it ReceiptItem) lies() bool {
	return it.Outcome == Quarantined || it.Outcome == AlreadyQuarantined
}

// lies reports whether a message is among those in the receipt that lie in quarantine,
// under any name.
func (r *Receipt) lies(was ReceiptItem) bool {
	return slices.ContainsFunc(r.Items, func(it ReceiptItem) bool {
		return it.lies() && driver.SameMessageID(it.MessageID, was.MessageID) && driver.SameTime(it.Received, was.Received)
	})
}

// readBack reads an item in quarantine that an earlier run for the same case took, so
// that Quarantined in this receipt, too, means that it was read back.
func (s *Service) readBack(ctx context.Context, ri *ReceiptItem, it driver.Item) {
	now, err := s.engine.Inspect(ctx, s.vaultOf(it.Stamp.Mailbox), it.ID)
	switch {
	case err != nil:
		err = fmt.Errorf("a search shows it in quarantine, but it could not be read back; run it again: %w", err)
	case now == nil:
		err = fmt.Errorf("%w: a search shows it in quarantine, but it was moved while it was read back; run it again", ErrGone)
	case now.Stamp == nil || now.Stamp.Operation != it.Stamp.Operation:
		err = errors.New("a search shows it in quarantine, but it has lost its stamp since; run it again")
	case now.Stamp.Direction == driver.ToUser:
		err = errors.New("a search shows it in quarantine, but a restore of it has begun since; run it again")
	case now.Stamp.Direction != driver.ToQuarantine:
		err = errors.New("a search shows it in quarantine, but it was put aside as a copy that nobody needs; run it again")
	default:
		return
	}
	ri.Outcome, ri.Err = Undecided, err
}

// already adds what earlier runs took. Items already in the receipt keep their outcomes.
func (s *Service) already(ctx context.Context, r *Receipt, earlier func(context.Context, reach) (holding, error)) error {
	var found holding
	var twice []driver.Item
	for _, to := range []reach{nearest, everywhere} {
		var err error
		found.Findings, err = s.shown(ctx, driver.ToQuarantine, r.Target, func(ctx context.Context) (_ driver.Findings, err error) {
			found, err = earlier(ctx, to)
			return found.Findings, err
		}, r.Items...)
		if err != nil {
			return err
		}
		s.tellUnsealed(r, found)
		twice = append(twice, r.takenAgain(found.Items)...)
		found.Items = slices.DeleteFunc(found.Items, func(it driver.Item) bool {
			return slices.ContainsFunc(r.Items, func(ri ReceiptItem) bool { return ri.Operation == it.Stamp.Operation })
		})
		if len(found.Items) == 0 {
			break
		}
	}
	items, others, err := s.engineFor(r.Target.Mailbox).Single(ctx, s.vaultOf(r.Target.Mailbox), slices.Concat(found.Items, twice))
	if err != nil {
		return err
	}
	items = slices.DeleteFunc(items, func(it driver.Item) bool {
		i := slices.IndexFunc(r.Items, func(ri ReceiptItem) bool { return ri.Operation == it.Stamp.Operation })
		if i >= 0 {
			s.addOthers(&r.Items[i], others[it.Stamp.Operation])
		}
		return i >= 0
	})
	for _, it := range items {
		ri := s.receiptItem(it)
		ri.Outcome = r.Target.before(it.Stamp.Reference)
		ri.Operation = it.Stamp.Operation
		ri.Folder = it.Stamp.Folder.Path
		ri.WasRead = it.Stamp.Read
		ri.From = origin(*it.Stamp)
		ri.To = s.place(it)
		switch {
		case it.Stamp.Direction == driver.ToUser:
			ri.Outcome = AlreadyQuarantined
			ri.Residue = "a restore of it is in progress or was interrupted: run the recovery, or restore it again"
		case ri.Outcome == Quarantined:
			s.readBack(ctx, &ri, it)
		}
		// The run that moved it may have been interrupted before it could sweep.
		_, left := s.engine.Sweep(ctx, s.strategy.Mailbox(it.Stamp.Mailbox), it, *it.Stamp)
		s.addOthers(&ri, passage.Result{Residue: strings.Join(left, "; ")})
		s.addOthers(&ri, others[it.Stamp.Operation])
		r.Items = append(r.Items, ri)
	}
	r.Unsearched = append(r.Unsearched, s.inVault(r.Target.Mailbox, found.Unsearched)...)
	return nil
}

// inVault marks folders as belonging to the quarantine mailbox for a mailbox.
func (s *Service) inVault(mailbox string, all []driver.Unsearched) []driver.Unsearched {
	all = slices.Clone(all)
	for i := range all {
		all[i].Mailbox = s.vaultOf(mailbox).Address()
	}
	return all
}

func (s *Service) receiptItem(it driver.Item) ReceiptItem {
	return ReceiptItem{
		Folder: it.Folder.Path, WasRead: it.Read, Reach: it.Reach, MessageID: it.MessageID, Class: it.Class, Size: it.Size,
		Received: it.Received, From: s.place(it),
	}
}

// unbegun returns the outcome for an error that came before anything was changed.
func unbegun(err error) Outcome {
	if errors.Is(err, passage.ErrUndecided) {
		return Undecided
	}
	return NotBegun
}

// unfinished returns the outcome for an error that leaves open what has been done.
func unfinished(err error) Outcome {
	if errors.Is(err, passage.ErrUndecided) {
		return Undecided
	}
	return Failed
}

// gaveUp reports whether an error is that of a context that has ended, for example
// while a call was waiting for its turn: nothing has refused the call.
func gaveUp(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// conclude writes the result for an item into its receipt, and the outcome into the
// journal. The claim to an intent that stays is given up, so that others can settle it.
func (s *Service) conclude(ctx context.Context, p *passage.Passage, ri *ReceiptItem, err error, done Outcome) {
	s.concluded(ctx, p, ri, err, done)
	s.claims.release(ctx, ri.Operation)
}

// concluded is conclude without giving up the claim.
func (s *Service) concluded(ctx context.Context, p *passage.Passage, ri *ReceiptItem, err error, done Outcome) {
	out := p.Result()
	ri.Operation, ri.Way, ri.Residue, ri.Digest = out.Stamp.Operation, out.Way, out.Residue, out.Digest
	ri.Surplus = s.surplusOf(out.Asides)
	if out.Copy != nil {
		ri.To = s.place(*out.Copy)
		ri.To.Mailbox = p.To.Address()
	}
	switch {
	case err == nil:
		ri.Outcome = done
		s.lately.add(p.Direction, out.Stamp.Mailbox, out.Copy.MessageID, ri.From.ItemID, out.Copy.ID)
		p.Finish(ctx)
	case errors.Is(err, passage.ErrLedger) && out.Begun:
		ri.Outcome, ri.Err = unfinished(err), err
	case errors.Is(err, passage.ErrLedger): // nothing has refused it
		ri.Outcome, ri.Err = unbegun(err), err
	case driver.Untouched(err) && !driver.Temporary(err) && !gaveUp(ctx, err) && out.Copy == nil && !errors.Is(err, passage.ErrUndecided) && !errors.Is(err, ErrGone):
		ri.Outcome, ri.Err = Refused, err
	case !out.Begun:
		ri.Outcome, ri.Err = unbegun(err), err
	default:
		ri.Outcome, ri.Err = unfinished(err), err
	}
}
