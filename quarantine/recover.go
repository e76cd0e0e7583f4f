package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Recover settles what an interrupted run left behind: every intent in the
// journal without an outcome. It looks at both ends, finishes what was begun with
// that one item, and yields a receipt for each intent. If nothing was left, it
// does nothing, so it can be run at every start, and alongside anything else.
//
// If it cannot be decided yet, because a request may still take effect or the server
// could not be asked, the intent stays in the journal, and the receipt has an undecided
// or failed item. The same applies to an intent that another service holds ([ErrHeld]):
// it is left alone, and the receipt says who holds it and until when. If nothing of the
// attempt is at either end any more, there is nothing left to settle: the intent is
// removed, and the receipt says so.
//
// An error comes from the journal or the context. Intents that cannot be read are reported
// in one error at the end, and so are those of another server, if several share the
// journal: the service of that name recovers them. Any other error ends the iteration. If
// an intent could not be removed, its receipt, which is true, comes before the error.
//
// Several intents are settled concurrently, since each may have to wait for SearchLag;
// their receipts come in the order in which they are settled. If the loop is left, what is
// in progress ends undecided, as it does when the context ends. A panic, such as one in a
// driver or a hook, reaches the loop as a [*Panic] once the others have been settled; the
// receipt of the intent concerned comes before it, and is undecided.
func (s *Service) Recover(ctx context.Context) iter.Seq2[*Receipt, error] {
	return s.recovering(ctx, func(string) bool { return false })
}

// recoverAtOnce is how many intents are settled at a time. Most of the work is waiting
// until a search must show what was carried, which takes SearchLag for each.
const recoverAtOnce = 32

// recovering is Recover. It does not report the intents of servers that others recover.
func (s *Service) recovering(ctx context.Context, others func(server string) bool) iter.Seq2[*Receipt, error] {
	return gather(ctx, func(ctx context.Context, emit func(*Receipt, error)) {
		run := settlement{emit: emit, places: make(chan struct{}, recoverAtOnce)}
		defer run.all.Wait() // also if the journal panics
		// Intents that can be read are settled even if others cannot be read.
		var unread []error
		foreign := make(map[string]int)
		for in, err := range s.claims.journal.Pending(ctx) {
			if err != nil && ctx.Err() == nil {
				unread = append(unread, err)
				continue
			}
			if err == nil && !s.settles(in) {
				if in.Server == "" || !others(in.Server) {
					foreign[in.Server]++
				}
				continue
			}
			if !run.begin(ctx, func() (*Receipt, error) { return s.recover(ctx, in) }, func() *Receipt { return s.cutShort(in) }) {
				break
			}
		}
		if run.end(ctx) {
			return
		}
		for _, server := range slices.Sorted(maps.Keys(foreign)) {
			unread = append(unread, notOurs(server, foreign[server]))
		}
		if err := errors.Join(unread...); err != nil {
			emit(nil, fmt.Errorf("journal: %w", err))
		}
	})
}

// notOurs is the error for intents that this service leaves alone.
func notOurs(server string, n int) error {
	if server == "" {
		return fmt.Errorf("intents of an earlier version, which do not say of which server they are, are left alone (%d), because several services share the journal; "+
			"recover them with a service that has it alone", n)
	}
	return fmt.Errorf("intents of the server %q are left alone (%d); recover them with a service of that name", server, n)
}

// recover settles one intent. It returns no receipt if the intent was settled in the
// meantime. The error comes from the journal.
func (s *Service) recover(ctx context.Context, in Intent) (*Receipt, error) {
	r := s.receipt(recoverAction[in.Direction], in.Target)
	ri := intentItem(in)
	ctx, meter := driver.Metered(driver.WithTask(ctx, in.Target.Mailbox))
	var err error
	if r.Action == "" {
		err = fmt.Errorf("the intent has the direction %q, which this version does not know; recover with the version that wrote it", in.Direction)
	} else {
		err = s.check(in.Target)
	}
	var unlock func()
	if err == nil {
		unlock, err = s.lock(ctx, in.Target)
	}
	if err == nil {
		defer unlock()
		var claimErr error
		in, claimErr = s.claims.take(ctx, in.Operation)
		switch {
		case errors.Is(claimErr, ErrNoIntent):
			return nil, nil
		case errors.Is(claimErr, ErrHeld):
			err = fmt.Errorf("%w: %w", passage.ErrUndecided, claimErr)
		case claimErr != nil:
			return nil, claimErr
		default:
			defer s.claims.release(ctx, in.Operation)
			ri, err = s.traced(ctx, ItemRecover, in.Target, driver.Item{ID: in.From.ItemID}, func(ctx context.Context) (ReceiptItem, error) {
				return s.settle(ctx, in, intentItem(in))
			})
		}
	}
	if err != nil && ri.Err == nil {
		ri.Outcome, ri.Err = unfinished(err), err
	}
	r.Items = append(r.Items, ri)
	r.finish(meter)
	if !r.settled() {
		return r, nil
	}
	err = s.claims.finish(ctx, in.Operation)
	if errors.Is(err, ErrClaimLost) { // whoever has claimed it since removes it
		s.log.WarnContext(ctx, "journal: intent could not be removed", "operation", in.Operation, "error", err)
		err = nil
	}
	return r, err
}

// cutShort returns the receipt of an intent whose settlement panicked.
func (s *Service) cutShort(in Intent) *Receipt {
	r := s.receipt(recoverAction[in.Direction], in.Target)
	ri := intentItem(in)
	ri.Outcome, ri.Err = Undecided, errPanicked
	r.Items = append(r.Items, ri)
	r.Finished = time.Now().UTC()
	return r
}

// recoverAction is the action in the receipt of an intent.
var recoverAction = map[driver.Direction]string{driver.ToUser: "restore", driver.ToQuarantine: "quarantine"}

// intentItem returns what an intent says about its item. That of a restore does not say from
// which folder of the user the item was taken.
func intentItem(in Intent) ReceiptItem {
	ri := ReceiptItem{
		Operation: in.Operation, From: in.From,
		MessageID: cmp.Or(in.MessageID, in.Target.MessageID), Received: in.Received,
	}
	if in.Direction == driver.ToQuarantine {
		ri.Folder = in.From.Folder.Path
	}
	return ri
}

// settle finishes the attempt of an intent. The caller has claimed it, or leaves it to
// whoever has.
func (s *Service) settle(ctx context.Context, in Intent, ri ReceiptItem) (ReceiptItem, error) {
	if err := s.otherVault(in); err != nil {
		return ri, err
	}
	user := s.strategy.Mailbox(in.Target.Mailbox)
	it := driver.Item{ID: s.itemID(in.From), Mailbox: in.From.Mailbox, Folder: in.From.Folder, MessageID: ri.MessageID, Received: in.Received}
	stamp := in.stamp()
	from, done := user, Quarantined
	if in.Direction == driver.ToUser {
		from, done = s.vaultOf(in.Target.Mailbox), Restored
	}
	now, err := s.engine.Inspect(ctx, from, it.ID)
	if err != nil {
		return ri, err
	}
	if in.Direction == driver.ToUser && now != nil && now.Stamp != nil && now.Stamp.Direction == driver.Surplus {
		now, it.ID = nil, "" // it has been put aside since, and another copy is the message
	}
	marked := false
	if now != nil {
		now.Folder, it = in.From.Folder, *now
		marked = it.Stamp != nil && it.Stamp.Operation == in.Operation && it.Stamp.Attempt == in.Attempt && it.Stamp.Direction == in.Direction
	}
	if marked {
		stamp = *it.Stamp
	}
	if in.Direction == driver.ToUser && now != nil && it.Stamp == nil {
		return ri, fmt.Errorf("the item in quarantine has lost its stamp, so it is not known whose it is")
	}
	var p *passage.Passage
	if in.Direction == driver.ToUser {
		p = s.homeward(in.Target, it, false)
	} else {
		p = s.outward(in.Target, user, it, nil)
	}
	// The recovery will be run again; one item must not hold up the others.
	p.Hurried = time.Until(in.Lease) > s.engine.Wait
	if now != nil && !marked {
		// The run was interrupted before it marked the item, or another one has
		// marked it since.
		p.Begun(in.Operation)
		if err = p.Uncarried(ctx, stamp); err == nil {
			err = p.Run(ctx)
		}
	} else {
		err = p.Resume(ctx, stamp)
	}
	if err == nil && in.Direction == driver.ToUser {
		err = p.Release(ctx)
	}
	from0 := ri.From
	s.concluded(ctx, p, &ri, err, done)
	ri.Operation, ri.From = in.Operation, from0
	if it.Stamp != nil {
		ri.WasRead = it.Stamp.Read
	}
	if in.Direction == driver.ToUser { // not where it lay in quarantine
		ri.Folder = cmp.Or(p.Result().Stamp.Folder.Path, ri.To.Folder.Path)
	}
	if !errors.Is(err, passage.ErrNowhere) {
		return ri, nil
	}
	if in.Direction == driver.ToUser {
		was := ri
		was.From = Place{Mailbox: in.Target.Mailbox, IDs: s.strategy.System()}
		back, lookErr := s.returned(ctx, in.Target, was, false, map[string]bool{}, nil, new(view))
		if lookErr != nil {
			return ri, lookErr
		}
		if back.Outcome.Done() {
			back.Folder = cmp.Or(back.Folder, back.To.Folder.Path)
			return back, nil
		}
	}
	if time.Now().Before(in.Lease) {
		ri.Err = fmt.Errorf("%w; a request may take effect until %s", ri.Err, in.Lease.UTC().Format(time.RFC3339))
		return ri, nil
	}
	if err := s.blind(ctx, in, ri); err != nil {
		ri.Outcome, ri.Err = unfinished(err), err
		return ri, nil
	}
	ri.Outcome = NotFound
	ri.Err = fmt.Errorf("%w: nothing of this attempt is in either mailbox; the item was released, taken or deleted since", ErrGone)
	if !s.owns(in.From) {
		ri.Err = fmt.Errorf("%w; or it was never marked, and its id is one of %q, which %q cannot read: run the target again", ri.Err, in.From.IDs, s.strategy.System())
	}
	return ri, nil
}

// settled reports whether nothing in the receipt is undecided.
func (r *Receipt) settled() bool {
	for _, it := range r.Items {
		if it.Outcome == Failed || it.Outcome == NotBegun || it.Outcome == Undecided || it.Outcome == Refused && it.Residue != "" {
			return false
		}
	}
	return len(r.Unsearched) == 0
}
