package quarantine

import (
	"context"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// undelete puts back what someone has deleted in the quarantine mailbox, as long as it
// can be recovered there. It is the last resort, for items that are neither in
// quarantine nor in the user's mailbox: dragging an item back by hand leaves the same
// behind as deleting it.
func (s *Service) undelete(ctx context.Context, out *Receipt, missing []missed, back map[string]bool) {
	for _, m := range missing {
		was := m.was
		if was.Operation == "" {
			continue
		}
		found, err := holding{Findings: driver.Findings{Items: m.deleted}}, error(nil)
		if m.deleted == nil {
			found, err = s.deleted(ctx, Target{}, driver.Query{Operation: was.Operation, Origin: out.Target.Mailbox})
		}
		switch {
		case err != nil:
			was.Outcome, was.To = unfinished(err), Place{}
			was.Err = fmt.Errorf("searching Recoverable Items of %s: %w", s.vaultOf(out.Target.Mailbox).Address(), err)
			out.Items[m.at] = was
		case len(found.Items) > 0:
			// An item that is gone by now was undeleted by another run, which reports it.
			out.Items[m.at], _ = s.giveBackTraced(ctx, out.Target, found.Items, back, was.Outcome.Done())
		case len(found.doubtful) > 0:
			was.Outcome, was.Err, was.To = Refused, s.errUnsealed(out.Target.Mailbox, found.doubtful[0]), s.place(found.doubtful[0])
			out.Items[m.at] = was
		default:
			out.Unsearched = append(out.Unsearched, s.inVault(out.Target.Mailbox, found.Unsearched)...)
		}
	}
}

// undeleteMessage puts back the copies of a message that someone has deleted in the
// quarantine mailbox. An error means that it could not find out whether there are any.
func (s *Service) undeleteMessage(ctx context.Context, out *Receipt, back map[string]bool) error {
	found, err := s.deleted(ctx, out.Target, driver.Query{Origin: out.Target.Mailbox})
	if err != nil {
		return fmt.Errorf("searching Recoverable Items of %s: %w", s.vaultOf(out.Target.Mailbox).Address(), err)
	}
	out.Unsearched = append(out.Unsearched, s.inVault(out.Target.Mailbox, found.Unsearched)...)
	var missing []missed
	for _, it := range found.Items {
		op := it.Stamp.Operation
		if i := slices.IndexFunc(missing, func(m missed) bool { return m.was.Operation == op }); i >= 0 {
			missing[i].deleted = append(missing[i].deleted, it)
			continue
		}
		was := s.receiptItem(it)
		was.Operation, was.From, was.Outcome, was.To = op, origin(*it.Stamp), NotFound, Place{}
		was.Folder, was.WasRead = it.Stamp.Folder.Path, it.Stamp.Read
		missing = append(missing, missed{at: len(out.Items), was: was, deleted: []driver.Item{it}})
		out.Items = append(out.Items, was)
	}
	s.account(ctx, out, missing, back, nil)
	s.refuseUnsealed(out, found.doubtful)
	return nil
}

// deleted finds what was quarantined and then deleted there, not what a restore has
// left behind, which its stamp shows. The query names the mailbox that it came from.
func (s *Service) deleted(ctx context.Context, t Target, q driver.Query) (found holding, err error) {
	q.Recoverable = true
	found.Findings, err = s.search(ctx, s.vaultOf(q.Origin), t, unlimited, q)
	found.Items = slices.DeleteFunc(found.Items, func(it driver.Item) bool {
		return !it.Folder.Recoverable || it.Stamp == nil || it.Stamp.Direction != driver.ToQuarantine
	})
	if err != nil {
		return found, err
	}
	found.Items, found.doubtful, err = s.believed(ctx, t, q, found.Items)
	return found, err
}

// recoverable reports whether an item was deleted and can be recovered.
func recoverable(it driver.Item) bool { return it.Folder.Recoverable }
