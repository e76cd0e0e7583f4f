package passage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errBegunAnew means that nothing of the attempt is to be seen, but something of a later
// attempt of the same operation.
var errBegunAnew = errors.New("another run has begun anew with it")

// meet remembers the stamp of an item if it is that of a later attempt of the operation.
// Who holds an attempt may begin another one before anything is sent, because it took too
// long, or when its lease is over; who has adopted the earlier one by what a search showed
// a moment before would look for it in vain.
func (p *Passage) meet(it driver.Item) {
	s := it.Stamp
	if s == nil || s.Operation != p.stamp.Operation || s.Direction != p.Direction ||
		!strings.EqualFold(s.Mailbox, p.stamp.Mailbox) || !s.Lease.After(p.stamp.Lease) || !p.alike(it) {
		return
	}
	if p.newer == nil || s.Lease.After(p.newer.Lease) {
		p.newer = s
	}
}

// follow adopts a later attempt that a look has met, if the look saw nothing of this one and
// this installation may have made it. It returns errBegunAnew then: the look was for the
// wrong attempt. If not, it returns the other error.
func (p *Passage) follow(ctx context.Context, s sight, otherwise error) error {
	if p.newer == nil || len(s.copies) > 0 {
		return otherwise
	}
	known, err := p.Ledger.Knows(ctx, p.newer.Operation)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	genuine, trusted := p.genuine(*p.newer, known)
	if !genuine {
		return otherwise
	}
	p.adopt(*p.newer)
	p.trusted = trusted
	return errBegunAnew
}
