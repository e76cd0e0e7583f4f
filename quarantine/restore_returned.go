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

// returned finds out what became of an item that is not in quarantine. An interrupted
// restore may have brought it back with its stamp still on. Each item in the mailbox
// counts for one copy only: those in back already count for another. With sameFolder, an
// unstamped item counts only if it is in the folder that the copy was taken from.
//
// Items that are looked for one after another share a view.
//
// If another restore takes the stamp off at that moment, the item that was shown
// with it is nowhere to be found, so it is looked for again.
func (s *Service) returned(ctx context.Context, t Target, was ReceiptItem, sameFolder bool, back map[string]bool, all []ReceiptItem, v *view) (ri ReceiptItem, err error) {
	for range 3 {
		if ri, err = s.returnedOnce(ctx, t, was, sameFolder, back, all, v); !errors.Is(err, passage.ErrNowhere) {
			break
		}
		*v = view{}
	}
	return ri, err
}

// returnedOnce is returned, without looking again.
func (s *Service) returnedOnce(ctx context.Context, t Target, was ReceiptItem, sameFolder bool, back map[string]bool, all []ReceiptItem, v *view) (ReceiptItem, error) {
	mailbox := s.strategy.Mailbox(t.Mailbox)
	ri := was
	ri.Err, ri.To = nil, Place{}
	found, err := s.viewed(ctx, mailbox, t, was, v)
	if err != nil {
		return ri, fmt.Errorf("searching %s: %w", t.Mailbox, err)
	}
	ri.Outcome = NotFound
	var late, bare []driver.Item
	for _, it := range found.Items {
		if it.Stamp == nil {
			other := back[it.ID] || sameFolder && !s.sameFolder(it.Folder, was.From) ||
				!was.Received.IsZero() && !driver.SameTime(it.Received, was.Received)
			if !other {
				bare = append(bare, it)
			}
			continue
		}
		if it.Stamp.Direction == driver.Surplus {
			continue // it was put aside, and another item is the message
		}
		if !strings.EqualFold(it.Stamp.Mailbox, t.Mailbox) || was.Operation != "" && it.Stamp.Operation != was.Operation {
			continue
		}
		if it.Stamp.Direction == driver.ToQuarantine {
			// It never left, or somebody put it back. The quarantine that stamped it may
			// still be working on it, so the stamp stays.
			if err := s.stillThere(ctx, mailbox, it); err != nil {
				return ri, err
			}
			if ri.Outcome == NotFound {
				ri.Outcome = AlreadyRestored
				ri.To = s.place(it)
				ri.Residue = s.stampLeft(ctx, *it.Stamp)
			}
			continue
		}
		over, err := s.tooLate(ctx, mailbox, it, found.Items, all)
		if err != nil {
			return ri, fmt.Errorf("reading %s: %w", t.Mailbox, err)
		}
		if over {
			late = append(late, it)
			continue
		}
		// The restore that brought it back may still be working on it, and a lagging
		// search may not have shown what is left in quarantine.
		found := ri
		*v = view{} // the mailbox is written to
		ri, _ = s.traced(ctx, ItemRestore, t, it, func(ctx context.Context) (ReceiptItem, error) {
			p := s.homeward(t, driver.Item{Mailbox: s.vaultOf(t.Mailbox).Address(), MessageID: it.MessageID, Received: it.Received}, false)
			if err = p.Resume(ctx, *it.Stamp); err == nil {
				err = p.Release(ctx)
			}
			s.conclude(ctx, p, &found, err, Restored)
			return found, nil
		})
		if err != nil {
			return ri, err
		}
	}
	if ri.Outcome == NotFound && len(bare) > 0 {
		it, err := s.uncounted(ctx, mailbox, bare, back, v)
		if err != nil {
			return ri, fmt.Errorf("searching %s: %w", t.Mailbox, err)
		}
		if it != nil {
			if err := s.stillThere(ctx, mailbox, *it); err != nil {
				return ri, err
			}
			ri.Outcome, ri.To = AlreadyRestored, s.place(*it)
		}
	}
	if ri.Outcome != NotFound {
		back[ri.To.ItemID] = true
		v.exists(ri.To.ItemID)
		if len(late) > 0 {
			*v = view{}
		}
		for _, it := range late {
			s.addOthers(&ri, s.engine.Aside(ctx, mailbox, it))
		}
	}
	return ri, nil
}

// stampLeft explains what the stamp of a quarantine means on an item that is in the
// mailbox, and what to do about it.
func (s *Service) stampLeft(ctx context.Context, stamp driver.Stamp) string {
	if time.Now().Before(stamp.Lease) {
		return fmt.Sprintf("a quarantine of it may be in progress until %s: restore it again after that", stamp.Lease.UTC().Format(time.RFC3339))
	}
	if _, open, err := s.claims.journal.FindOperation(ctx, stamp.Operation); err != nil {
		return fmt.Sprintf("it carries the stamp of a quarantine, and the journal could not be asked whether that is over (%v): restore it again", err)
	} else if open {
		return "a quarantine of it was interrupted, and the journal has it: recover settles that, and may take it; restore it after that"
	}
	return "it still carries the stamp of a quarantine that is over: something other than a restore has put it back, or it was never taken; nothing more has to be done for it to stay"
}

// likeTaken returns the items in a mailbox that may be the one that was taken.
// If the target has criteria and the item is known, it does not search by the
// criteria again: by now, they may match many other messages.
func (s *Service) likeTaken(ctx context.Context, mailbox driver.Mailbox, t Target, was ReceiptItem) (driver.Findings, error) {
	if !t.byCriteria() || was.Operation == "" {
		return s.search(ctx, mailbox, t, unlimited, driver.Query{})
	}
	q, ok := passage.Alike(was.MessageID, was.Received)
	if !ok {
		q = driver.Query{Operation: was.Operation, Origin: t.Mailbox}
	}
	found, err := s.search(ctx, mailbox, Target{}, unlimited, q)
	found.Items = slices.DeleteFunc(found.Items, func(it driver.Item) bool {
		switch {
		case !driver.SameMessageID(it.MessageID, was.MessageID), was.Class != "" && !strings.EqualFold(it.Class, was.Class):
			return true
		case driver.BareMessageID(was.MessageID) == "" && was.Size > 0:
			// Nothing else distinguishes messages of the same second.
			return it.Size < passage.Smallest(was.Size, 2<<10, false) || was.Size < passage.Smallest(it.Size, 2<<10, false)
		}
		return false
	})
	return found, err
}
