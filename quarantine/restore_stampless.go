package quarantine

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// tellStampless looks for what a restore has not found by its stamp, and says where something
// with its Message-ID lies in quarantine without one: somebody has removed the stamp, or the
// server has lost it. Nobody can say for certain that it is the message, so it is not moved.
func (s *Service) tellStampless(ctx context.Context, r, out *Receipt) {
	for i := range out.Items {
		it := &out.Items[i]
		if it.Outcome != NotFound || !errors.Is(it.Err, ErrGone) || driver.BareMessageID(it.MessageID) == "" || ctx.Err() != nil {
			continue
		}
		vault := s.vaultOf(r.Target.Mailbox)
		found, err := s.engine.Find(ctx, vault, driver.Query{MessageID: it.MessageID})
		if err != nil {
			continue // what is known has been said
		}
		for _, like := range found.Items {
			if like.Stamp == nil && driver.SameMessageID(like.MessageID, it.MessageID) {
				it.Err = fmt.Errorf("%w; but a message with its Message-ID, and without a stamp, is in %s of %s: its stamp was removed or lost; compare it, and move it back by hand",
					it.Err, like.Folder.Path, vault.Address())
				break
			}
		}
	}
}
