package quarantine

import (
	"context"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// runKey is the same for targets that only one run works on at a time.
func runKey(t Target) string {
	return strings.ToLower(t.Mailbox) + "\x00" + driver.BareMessageID(t.MessageID)
}

// lock keeps two goroutines from working on the same message in the same
// mailbox, or both on criteria there. That would do no harm, but the work of
// one would be wasted.
func (s *Service) lock(ctx context.Context, t Target) (unlock func(), err error) {
	key := runKey(t)
	for {
		s.mu.Lock()
		held, ok := s.busy[key]
		if !ok {
			done := make(chan struct{})
			s.busy[key] = done
			s.mu.Unlock()
			return func() {
				s.claims.abandon(ctx, key)
				s.mu.Lock()
				delete(s.busy, key)
				s.mu.Unlock()
				close(done)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
