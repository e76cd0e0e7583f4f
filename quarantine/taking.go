package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// passes is how many times a mailbox is searched at most if items are not where
// they were found.
const passes = 3

// taking is a run that takes every copy of a target. Each copy that a search shows
// ends in the receipt.
type taking struct {
	s       *Service
	target  Target
	mailbox driver.Mailbox
	find    func(context.Context) (driver.Findings, error)
	r       *Receipt

	listed     map[string]bool // ids that a search has shown
	seen       map[string]bool // those that have been dealt with
	operations map[string]bool // names that items of this run have
	vanished   []driver.Item   // were shown, and are no longer there under those ids
	near       []driver.Item   // have nearly the Message-ID that was asked for
	met        map[string]bool // their ids
	intents    []Intent        // for the target, from earlier runs
	asked      bool            // the journal has been asked for them
}

// all takes what a search shows. If an item was not where it had been found, it searches
// again: the item has another id now, another run took it, or the server is wrong.
func (tk *taking) all(ctx context.Context) error {
	for pass := 1; ; pass++ {
		moved, err := tk.once(ctx, pass)
		if err != nil || !moved {
			return err
		}
	}
}

// once searches and takes what is new. It reports whether something has moved and
// has not been given up.
func (tk *taking) once(ctx context.Context, pass int) (moved bool, err error) {
	r, s := tk.r, tk.s
	found, err := s.shown(ctx, driver.ToUser, tk.target, tk.find)
	if err != nil && pass == 1 {
		return false, fmt.Errorf("searching %s: %w", tk.target.Mailbox, err)
	}
	if err != nil {
		r.Unsearched = append(r.Unsearched, driver.NotSearched(driver.Folder{}, err))
		return false, nil
	}
	tk.meet(found.Near)
	r.Searched, r.Unsearched = withHits(found.Searched, r.Searched), found.Unsearched
	r.Examined = max(r.Examined, found.Examined)
	if fresh := unseen(found.Items, tk.seen); pass > 1 && tk.target.byCriteria() && len(r.Items)+fresh > s.limits.PerMailbox {
		err := s.limits.checkHits(tk.target.Mailbox, len(r.Items)+fresh)
		r.Unsearched = append(r.Unsearched, driver.Unsearched{Cause: CauseUndecided, Reason: "messages that arrived in the meantime were not taken: " + err.Error()})
		return false, nil
	}
	tk.accountFor(found.Items)
	for _, it := range mostUrgent(found.Items) {
		if tk.seen[it.ID] {
			continue
		}
		tk.seen[it.ID] = true
		if r.unfinished(it) {
			continue // its owner has moved it since it was sent, and the copy may still arrive
		}
		ri, gone := tk.traced(ctx, it)
		if gone && pass < passes {
			moved = true
			delete(tk.seen, it.ID)
			if it.Stamp == nil || !it.Folder.Recoverable { // otherwise another run's move left it behind, and that run swept it
				tk.vanished = append(tk.vanished, it)
			}
			continue
		}
		if gone {
			ri.Err = fmt.Errorf("a search lists it, but it cannot be opened or changed: %w", ri.Err)
		}
		r.Items = append(r.Items, ri)
	}
	return moved, nil
}

// meet remembers messages with nearly the Message-ID that was asked for, each once, where
// it was first seen.
func (tk *taking) meet(near []driver.Item) {
	for _, it := range near {
		if !tk.met[it.ID] {
			tk.met[it.ID] = true
			tk.near = append(tk.near, it)
		}
	}
}

// accountFor removes from vanished the items that a search shows again or under a new id.
func (tk *taking) accountFor(items []driver.Item) {
	for _, it := range items {
		i := slices.IndexFunc(tk.vanished, func(v driver.Item) bool {
			return v.ID == it.ID || !tk.listed[it.ID] && driver.SameMessageID(v.MessageID, it.MessageID) && driver.SameTime(v.Received, it.Received)
		})
		if i >= 0 {
			tk.vanished = slices.Delete(tk.vanished, i, i+1)
		}
	}
	for _, it := range items {
		tk.listed[it.ID] = true
	}
}

// take moves one copy into quarantine. It reports whether the copy was not
// where it had been found, so that nothing was done.
func (tk *taking) take(ctx context.Context, it driver.Item) (ri ReceiptItem, isGone bool) {
	if held, err := tk.held(ctx, it); held || err != nil {
		ri = tk.s.receiptItem(it)
		ri.Outcome, ri.Err = NotBegun, err
		if held {
			ri.Outcome, ri.Err = Refused, fmt.Errorf("%s is another address of the quarantine mailbox; to take the message again, name the mailbox that it came from, %s", tk.target.Mailbox, it.Stamp.Mailbox)
		}
		return ri, false
	}
	p := tk.s.outward(tk.target, tk.mailbox, it, tk.operations)
	begun, err := tk.unmarked(ctx, p, it)
	if err == nil {
		err = p.Run(ctx)
	}
	out := p.Result()
	tk.operations[out.Stamp.Operation] = true
	ri = tk.s.receiptItem(it)
	ri.WasRead = out.Stamp.Read
	tk.s.conclude(ctx, p, &ri, err, Quarantined)
	ri.Operation = cmp.Or(ri.Operation, begun)
	if ri.Outcome == Quarantined && ri.Way == "" {
		ri.Outcome = tk.target.before(out.Stamp.Reference) // another run has carried it
	}
	return ri, errors.Is(err, ErrGone) && !errors.Is(err, passage.ErrUndecided)
}

// missing deals with the items that have vanished and were not seen again: another
// run has taken them, or a person has moved them where the search does not show them
// yet, or has deleted them.
func (tk *taking) missing(ctx context.Context, earlier func(context.Context, reach) (holding, error)) error {
	if len(tk.vanished) == 0 {
		return nil
	}
	s := tk.s
	taken := &Receipt{Target: Target{Reference: tk.target.Reference}}
	if err := s.already(ctx, taken, earlier); err != nil {
		return fmt.Errorf("searching quarantine: %w", err)
	}
	for _, ri := range taken.Items {
		i := slices.IndexFunc(tk.vanished, func(v driver.Item) bool {
			return driver.SameMessageID(v.MessageID, ri.MessageID) && driver.SameTime(v.Received, ri.Received) &&
				(!tk.operations[ri.Operation] || tk.seenTwice(v, ri))
		})
		if i < 0 {
			continue
		}
		tk.vanished = slices.Delete(tk.vanished, i, i+1)
		if !tk.operations[ri.Operation] {
			tk.operations[ri.Operation] = true
			tk.r.Items = append(tk.r.Items, ri)
		}
	}
	if len(tk.vanished) == 0 {
		return nil
	}
	err := s.engine.Sleep(ctx, s.engine.Lag)
	if err == nil {
		_, err = tk.once(ctx, passes)
	}
	tk.strayed(err)
	return nil
}

// strayed reports that the vanished items are nowhere to be found, or why that is not
// known.
func (tk *taking) strayed(err error) {
	for _, v := range tk.vanished {
		ri := tk.s.receiptItem(v)
		ri.Outcome = Undecided
		ri.Err = errors.Join(fmt.Errorf("%w: a search showed it in %s, and it is neither there nor in quarantine any more; someone has moved or deleted it; run it again", ErrGone, v.Folder.Path), err)
		tk.r.Items = append(tk.r.Items, ri)
	}
}

// seenTwice reports whether an item that has vanished is one that this run has met
// elsewhere, because another run moved it while the folders were searched.
func (tk *taking) seenTwice(v driver.Item, taken ReceiptItem) bool {
	return tk.s.sameFolder(v.Folder, taken.From) && slices.ContainsFunc(tk.r.Items, func(ri ReceiptItem) bool {
		return ri.Operation == taken.Operation && ri.lies() && ri.Way == ""
	})
}

// takeAll takes what find returns, and searches again if an item was no longer
// where it was found. The receipt also lists what earlier returns: items that
// earlier runs took and that lie in quarantine.
func (s *Service) takeAll(ctx context.Context, t Target, mailbox driver.Mailbox,
	find func(context.Context) (driver.Findings, error), earlier func(context.Context, reach) (holding, error),
) (*Receipt, error) {
	ctx, meter := driver.Metered(driver.WithTask(ctx, t.Mailbox))
	unlock, err := s.lock(ctx, t)
	if err != nil {
		return nil, err
	}
	defer unlock()

	tk := &taking{
		s: s, target: t, mailbox: mailbox, find: find, r: s.receipt("quarantine", t),
		listed: make(map[string]bool), seen: make(map[string]bool), operations: make(map[string]bool), met: make(map[string]bool),
	}
	if err := tk.all(ctx); err != nil {
		return nil, err
	}
	r := tk.r
	if err := tk.missing(ctx, earlier); err != nil && len(r.Items) == 0 {
		return nil, err
	} else if err != nil {
		tk.strayed(err)
	}
	switch err := s.already(ctx, r, earlier); {
	case err != nil && len(r.Items) == 0:
		return nil, fmt.Errorf("searching quarantine: %w", err)
	case err != nil:
		u := driver.NotSearched(driver.Folder{}, err)
		u.Reason = "what earlier runs took is not in the receipt, because searching quarantine failed: " + u.Reason
		r.Unsearched = append(r.Unsearched, s.inVault(t.Mailbox, []driver.Unsearched{u})...)
	}
	if err := s.begun(ctx, t, r); err != nil && len(r.Items) == 0 {
		return nil, err
	} else if err != nil {
		r.Unsearched = append(r.Unsearched, driver.Unsearched{Cause: CauseUndecided, Reason: "what earlier runs had begun is not all settled: " + err.Error()})
	}
	r.near(tk.near)
	r.unlikeNear(tk.near)
	r.finish(meter)
	return r, nil
}

// unfinished reports whether an item is one that this run could not finish, seen
// again because it was moved. A later run continues with it.
func (r *Receipt) unfinished(it driver.Item) bool {
	return it.Stamp != nil && it.Stamp.Direction == driver.ToQuarantine && slices.ContainsFunc(r.Items, func(ri ReceiptItem) bool {
		return !ri.Outcome.Done() && ri.Operation == it.Stamp.Operation
	})
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
