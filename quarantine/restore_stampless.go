package quarantine

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// tellStampless looks for items that a restore has not found by their stamps, and reports
// where something with the same Message-ID lies in quarantine without a stamp: somebody has
// removed the stamp, or the server has lost it. Nobody can be certain that it is the
// message, so it is not moved. It searches only once for copies of the same message.
func (s *Service) tellStampless(ctx context.Context, r, out *Receipt) {
	vault := s.vaultOf(r.Target.Mailbox)
	bare := make(map[string]*driver.Item) // by Message-ID; nil: nothing was found
	for i := range out.Items {
		it := &out.Items[i]
		id := driver.BareMessageID(it.MessageID)
		if it.Outcome != NotFound || !errors.Is(it.Err, ErrGone) || id == "" || ctx.Err() != nil {
			continue
		}
		like, asked := bare[id]
		if !asked {
			like = s.stampless(ctx, vault, it.MessageID)
			bare[id] = like
		}
		if like != nil {
			it.Err = fmt.Errorf("%w; but a message with its Message-ID, and without a stamp, is in %s of %s: its stamp was removed or lost; compare it, and move it back by hand",
				it.Err, like.Folder.Path, vault.Address())
		}
	}
}

// stampless returns an item without a stamp that has a Message-ID, or nil. A failed
// search is not reported: the receipt already says what is known.
func (s *Service) stampless(ctx context.Context, vault driver.Mailbox, messageID string) *driver.Item {
	found, err := s.engine.Find(ctx, vault, driver.Query{MessageID: messageID})
	if err != nil {
		return nil
	}
	for _, like := range found.Items {
		if like.Stamp == nil && driver.SameMessageID(like.MessageID, messageID) {
			return &like
		}
	}
	return nil
}
