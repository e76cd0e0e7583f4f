package passage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errBegunAnew means that a look saw nothing of the attempt, but something of a later
// attempt of the same operation.
var errBegunAnew = errors.New("another run has begun anew with it")

// meet remembers the stamp of an item if it belongs to a later attempt of the operation. A
// run that holds an attempt may begin another before anything is sent, because it took too
// long, or once the lease has ended; a run that adopted the earlier one, from what a
// search showed a moment before, would look for it in vain.
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

// follow adopts a later attempt that a look has met, if the look saw nothing of the present
// one and this installation may have made the later one. It then returns errBegunAnew: the
// look was for the wrong attempt. Otherwise it returns the error passed as otherwise.
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
