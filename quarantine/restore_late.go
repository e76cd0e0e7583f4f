package quarantine

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// tooLate reports whether an item that carries the stamp of a restore is one too many:
// a copy that a server made long after its lease had ended, when another restore had
// already put the item back. The parameter found has the items in the mailbox, and all
// those of the receipt: without a receipt, it is not known how many there should be.
// Twins may differ in their content, so the restored item is compared with it.
func (s *Service) tooLate(ctx context.Context, m driver.Mailbox, it driver.Item, found []driver.Item, all []ReceiptItem) (bool, error) {
	if it.Stamp.Attempt == "" || time.Now().Before(it.Stamp.Lease) || len(all) == 0 {
		return false, nil
	}
	others := 0 // operations of the same message whose item no longer has a stamp
	for _, was := range all {
		if driver.SameMessageID(was.MessageID, it.MessageID) && driver.SameTime(was.Received, it.Received) && was.Operation != it.Stamp.Operation {
			others++
		}
	}
	bare := 0
	for _, f := range found {
		switch {
		case f.ID == it.ID || passage.Differs(it, f, false) != "":
		case f.Stamp == nil:
			same, known, err := s.engine.SameContent(ctx, m, it, f)
			if err != nil {
				return false, err
			}
			if same || !known {
				bare++
			} else {
				others-- // it is one of those, and cannot be mistaken for this one
			}
		case f.Stamp.Operation != it.Stamp.Operation:
			others--
		}
	}
	return bare > max(0, others), nil
}

// stillThere returns an error if what a search has shown in a mailbox is not there under
// its id: it has been moved since, and may be anywhere.
func (s *Service) stillThere(ctx context.Context, mailbox driver.Mailbox, it driver.Item) error {
	now, err := s.engine.Inspect(ctx, mailbox, it.ID)
	if err != nil {
		return fmt.Errorf("reading %s: %w", mailbox.Address(), err)
	}
	if now == nil {
		return fmt.Errorf("%w: it was moved while it was read; run it again", ErrGone)
	}
	return nil
}
