package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// trailGround is where a trail is followed: one server or several.
type trailGround interface {
	// forwarded is [driver.Forwarder.Forwarded] of a mailbox.
	forwarded(ctx context.Context, mailbox, messageID string, limit int) ([]driver.Forwarded, error)
	// book returns the address book, or nil if the ground has none.
	book() driver.Directory
	// has reports whether to treat an address that no address book shows as a
	// mailbox. Opening it will show whether it exists.
	has(ctx context.Context, address string) bool
	// isQuarantine reports whether an address is that of a quarantine mailbox.
	isQuarantine(address string) bool

	Expand(ctx context.Context, group string, opts *ExpandOptions) (*Expansion, error)
}

func (s *Service) forwarded(ctx context.Context, mailbox, messageID string, limit int) ([]driver.Forwarded, error) {
	m, ok := driver.As[driver.Forwarder](s.strategy.Mailbox(mailbox))
	if !ok {
		return nil, fmt.Errorf("the strategy %q cannot follow forwards: %w", s.strategy.Name(), errors.ErrUnsupported)
	}
	sent, err := m.Forwarded(ctx, messageID, limit)
	if errors.Is(err, driver.ErrTooMany) {
		return nil, &LimitError{Setting: "MaxCopies", Limit: limit, What: "messages in the Sent Items of " + mailbox, kind: ErrTooManyHits}
	}
	return sent, err
}

func (s *Service) book() driver.Directory {
	d, _ := driver.As[driver.Directory](s.anyMailbox())
	return d
}

func (s *Service) has(context.Context, string) bool { return false }

func (s *Service) isQuarantine(address string) bool {
	return !s.inPlace() && strings.EqualFold(address, s.quarantine.Address())
}
