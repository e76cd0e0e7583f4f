package quarantine

import (
	"context"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// holding is what is found in quarantine.
type holding struct {
	driver.Findings
	// doubtful are items that do not count as quarantined despite their stamps: see
	// errUnsealed.
	doubtful []driver.Item
}

// believed separates out the items in the quarantine mailbox whose stamps none of the keys
// has sealed, if they lie outside the quarantine folder: anybody who sends mail to that
// mailbox can put such an item there. Stamps from before there were keys, or sealed with
// keys that have been replaced, are believed within the folder, where only this package and
// those who run the quarantine put things. Items of both kinds match the target and the
// query.
func (s *Service) believed(ctx context.Context, t Target, q driver.Query, items []driver.Item) (good, doubtful []driver.Item, err error) {
	if !slices.ContainsFunc(items, s.unsealed) {
		return items, nil, nil
	}
	within, err := s.inQuarantine(ctx, q.Origin, t, driver.Query{Origin: q.Origin, Operation: q.Operation, MessageID: q.MessageID})
	if err != nil {
		return nil, nil, err
	}
	for _, it := range items {
		if s.unsealed(it) && !slices.ContainsFunc(within.Items, func(in driver.Item) bool { return in.ID == it.ID }) {
			doubtful = append(doubtful, it)
			continue
		}
		good = append(good, it)
	}
	return good, doubtful, nil
}

// unsealed reports whether there are keys but none of them has sealed the stamp of an item.
func (s *Service) unsealed(it driver.Item) bool { return !s.engine.Sealed(*it.Stamp) }

// errUnsealed explains why an item in the quarantine mailbox does not count as quarantined,
// and what to do if it was quarantined.
func (s *Service) errUnsealed(mailbox string, it driver.Item) error {
	return &driver.Error{Err: fmt.Errorf("a message in %s of %s has a stamp that none of the stamp keys has sealed, outside the folder %q: whoever sends mail there can put one; "+
		"if it was quarantined, move it into that folder, and run it again", it.Folder.Path, s.vaultOf(mailbox).Address(), s.folderName), Untouched: true, Answered: true}
}

// tellUnsealed notes in the receipt of a quarantine what does not count as quarantined and,
// without keys, what might not be.
func (s *Service) tellUnsealed(r *Receipt, found holding) {
	for _, it := range found.doubtful {
		r.note("not counted as quarantined: %v", s.errUnsealed(r.Target.Mailbox, it))
	}
	if s.engine.Seals() {
		return
	}
	for _, it := range found.Items {
		if it.Folder.Base == "inbox" && !s.inPlace() {
			r.note("a message in %s of %s counts as quarantined by its stamp, which whoever sends mail there can forge; without stamp keys nobody can tell: read it, or set stamp keys",
				it.Folder.Path, s.vaultOf(r.Target.Mailbox).Address())
		}
	}
}

// refuseUnsealed adds to the receipt of a restore the items that are not put back because
// they may never have been taken.
func (s *Service) refuseUnsealed(out *Receipt, doubtful []driver.Item) {
	for _, it := range doubtful {
		ri := s.receiptItem(it)
		ri.Operation, ri.From, ri.To = it.Stamp.Operation, origin(*it.Stamp), s.place(it)
		ri.Folder, ri.WasRead = it.Stamp.Folder.Path, it.Stamp.Read
		ri.Outcome, ri.Err = Refused, s.errUnsealed(out.Target.Mailbox, it)
		out.Items = append(out.Items, ri)
	}
}
