package passage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// abandon ends the run with the item where it was, when nothing of the attempt is
// at the other end or can arrive there. An item in quarantine gets back the stamp
// that it had; at the user's end, the stamp is removed.
func (p *Passage) abandon(ctx context.Context, cause error) error {
	if p.begun == "" || p.marked.IsZero() || p.wrote && errors.Is(cause, ErrLedger) {
		return cause // any intent, of this run or another, stays along with the stamp
	}
	ctx, cancel := outlive(ctx)
	defer cancel()
	to := driver.Change{Clear: true}
	if p.Direction == driver.ToUser && p.before != nil {
		to = driver.Change{Stamp: p.before}
	}
	if _, err := p.unstamp(ctx, p.From, p.Item, to); err != nil {
		p.residues = append(p.residues, "the item still carries the stamp of this attempt, which people cannot see")
		return cause
	}
	p.Finish(ctx)
	return cause
}

// Release removes the stamp from the restored item, and reads back that it is
// gone. It corrects the read state only if the way did not preserve it: what the
// owner has changed since is left alone.
func (p *Passage) Release(ctx context.Context) error {
	change := driver.Change{Clear: true}
	// The stamp on the item has the read state: a stamp made from an intent does not.
	if mark := p.copied.Stamp; mark != nil && p.copied.Read != mark.Read {
		change.Read = &mark.Read
	}
	id, err := p.unstamp(ctx, p.To, *p.copied, change)
	if err != nil {
		p.residues = append(p.residues, "the item is back, but still has its stamp")
		return p.undecided(fmt.Errorf("the item is back, but its stamp could not be removed: %w", err))
	}
	released := *p.copied
	released.ID = id // a server may give a changed item another one
	p.copied = &released
	return nil
}

// unstamp takes the attempt's stamp off an item, even if its owner has moved it,
// reads back that it is off, and returns the id that the item had last. It is not an
// error if the item is gone, or carries another stamp by now.
func (p *Passage) unstamp(ctx context.Context, m driver.Mailbox, it driver.Item, change driver.Change) (id string, err error) {
	fresh := &it
	for attempt := 0; ; attempt++ {
		if attempt > 0 {
			fresh, err = p.engine.Inspect(ctx, m, it.ID)
		}
		if err == nil && fresh == nil {
			fresh, err = p.findStamped(ctx, m, nil)
		}
		if err != nil {
			return it.ID, err
		}
		if fresh == nil || !p.carries(*fresh) {
			return it.ID, nil
		}
		if change.Read != nil && attempt > 0 && fresh.Read != it.Read {
			change.Read = nil // its owner has changed it since
		}
		it = *fresh
		marked, err := m.Mark(ctx, it, change)
		switch {
		case err == nil && attempt >= p.engine.Attempts:
			return it.ID, errors.New("the server reported success, but the stamp is still there")
		case err == nil:
			it = marked
			continue
		}
		conflict := errors.Is(err, driver.ErrGone) || errors.Is(err, driver.ErrConflict)
		if attempt >= p.engine.Attempts || !conflict && !p.engine.again(ctx, attempt, err) {
			return it.ID, err
		}
	}
}
