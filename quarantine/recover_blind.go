package quarantine

import (
	"context"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// blind returns an error if searches by stamp show the item of an intent in neither
// mailbox, but a search by its Message-ID, or else by the time it was received, shows it in
// one of them with that stamp. Then the server does not search by stamps, and what such a
// search does not find is not shown to be gone.
func (s *Service) blind(ctx context.Context, in Intent, ri ReceiptItem) error {
	q, ok := passage.Alike(ri.MessageID, in.Received)
	if !ok {
		return nil
	}
	for _, m := range []driver.Mailbox{s.vaultOf(in.Target.Mailbox), s.strategy.Mailbox(in.Target.Mailbox)} {
		q.Archive = m.Address() == s.vaultOf(in.Target.Mailbox).Address()
		found, err := s.engine.Find(ctx, m, q)
		if err != nil {
			return fmt.Errorf("searching %s: %w", m.Address(), err)
		}
		for _, it := range found.Items {
			if it.Stamp != nil && it.Stamp.Operation == in.Operation && it.Stamp.Direction == in.Direction && it.Stamp.Attempt == in.Attempt && !unneeded(it) {
				return fmt.Errorf("%w: it is in %s of %s, where the server does not find it by its stamp: see whether its searches work, and recover again", passage.ErrUndecided, it.Folder.Path, m.Address())
			}
		}
	}
	return nil
}
