package quarantine

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// settle proves one of the copies at the destination end and then removes what
// is too many: the original, copies that an interrupted run made twice, and
// what a run in the other direction left. Moved says that the server moved the
// original away.
func (p *passage) settle(ctx context.Context, copies []Item, moved bool) error {
	original, err := p.original(ctx, moved)
	if err != nil {
		return p.undecided(err, nil)
	}
	kept, unproved, err := p.pick(ctx, original, copies)
	if err != nil {
		return p.undecided(err, nil)
	}
	if kept == nil {
		return p.unproved(ctx, original, unproved)
	}
	p.copied = kept
	p.label(ctx)
	if original != nil {
		if err := p.removeOriginal(ctx, *original); err != nil {
			p.residues = append(p.residues, "the original is still in "+p.from.Address())
			return fmt.Errorf("a proved copy is in %s, but the original could not be removed; run it again: %w", p.to.Address(), err)
		}
	}
	p.removeSurplus(ctx, *kept, copies)
	p.sweep(ctx)
	return nil
}

// label puts the header of the configuration on the proved copy, before the
// original is removed, so that no copy is left without. To get malicious mail
// out of a mailbox matters more than the header, so its failure is only told.
func (p *passage) label(ctx context.Context) {
	m := Mark{SetHeader: p.s.quarantineHeader}
	if p.direction == ToUser {
		m = Mark{SetHeader: p.s.undoHeader}
	}
	if m.SetHeader.Name == "" {
		return
	}
	it := *p.copied
	for attempt := 0; ; attempt++ {
		marked, err := p.to.Mark(ctx, it, m)
		if err == nil {
			marked.Folder = p.copied.Folder
			p.copied = &marked
			return
		}
		if attempt == p.s.attempts || !errors.Is(err, ErrConflict) && !transient(err) && !ambiguous(err) || p.s.pause(ctx, attempt) != nil {
			p.residues = append(p.residues, fmt.Sprintf("the header was not set: %v", err))
			return
		}
		if fresh, err := p.to.Inspect(ctx, it.ID); err == nil {
			it = fresh
		}
	}
}

// sweep removes what the move left in Recoverable Items, if that is wanted.
func (p *passage) sweep(ctx context.Context) {
	sweeper, ok := p.from.(Sweeper)
	if !p.s.sweep || !ok || p.direction != ToQuarantine {
		return
	}
	for attempt := 0; ; attempt++ {
		_, err := sweeper.Sweep(ctx, p.stamp.Operation)
		if err == nil {
			return
		}
		if attempt == p.s.attempts || !transient(err) && !ambiguous(err) || p.s.pause(ctx, attempt) != nil {
			p.residues = append(p.residues, fmt.Sprintf("Recoverable Items may still hold it: %v", err))
			return
		}
	}
}

// original returns the item at the source end with everything a proof needs,
// nil if it is gone as it should be.
func (p *passage) original(ctx context.Context, moved bool) (*Item, error) {
	whole, err := p.from.Inspect(ctx, p.item.ID)
	if err == nil {
		whole.Folder = p.item.Folder
		return &whole, nil
	}
	if !errors.Is(err, ErrGone) {
		return nil, err
	}
	if moved {
		return nil, nil
	}
	// Its owner may have moved it meanwhile.
	strays, err := p.strays(ctx)
	if err != nil || len(strays) == 0 {
		return nil, err
	}
	stray, err := p.from.Inspect(ctx, strays[0].ID)
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stray.Folder = strays[0].Folder
	return &stray, nil
}

// pick returns the first copy that is proved, and why the others are not. With
// the original gone the copies are compared with what was known of it.
func (p *passage) pick(ctx context.Context, original *Item, copies []Item) (*Item, map[string]string, error) {
	unproved := make(map[string]string)
	for _, c := range copies {
		known := p.item
		if original != nil {
			known = *original
			whole, err := p.to.Inspect(ctx, c.ID)
			if errors.Is(err, ErrGone) {
				unproved[c.ID] = "it is gone"
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			whole.Folder = c.Folder
			c = whole
		}
		if why := differs(known, c, p.way); why != "" {
			unproved[c.ID] = why
			continue
		}
		return &c, unproved, nil
	}
	return nil, unproved, nil
}

// unproved handles copies none of which is what it should be. If the original
// is there, they are taken away; if not, they are all there is, and stay.
func (p *passage) unproved(ctx context.Context, original *Item, why map[string]string) error {
	var reasons []string
	for _, w := range why {
		reasons = append(reasons, w)
	}
	err := fmt.Errorf("the copy in %s is not what it should be: %s", p.to.Address(), strings.Join(reasons, "; "))
	if original == nil {
		p.residues = append(p.residues, "the only copy is in "+p.to.Address())
		return err
	}
	for id := range why {
		if removeErr := p.remove(ctx, p.to, Item{ID: id}); removeErr != nil && !errors.Is(removeErr, ErrGone) {
			p.residues = append(p.residues, "an unproved copy is still in "+p.to.Address())
			return fmt.Errorf("%w; and it could not be taken away: %w", err, removeErr)
		}
	}
	return p.abandon(ctx, err, true)
}

// removeOriginal removes the item at the source end, wherever its owner may
// have put it meanwhile.
func (p *passage) removeOriginal(ctx context.Context, original Item) error {
	err := p.remove(ctx, p.from, original)
	if !errors.Is(err, ErrGone) {
		return err
	}
	strays, err := p.strays(ctx)
	if err != nil {
		return err
	}
	for _, s := range strays {
		if err := p.remove(ctx, p.from, s); err != nil && !errors.Is(err, ErrGone) {
			return err
		}
	}
	return nil
}

// remove removes one item, repeating it as need be: an id names one item, so to
// remove it twice does no harm. Where the first answer was lost, that it is gone
// is the success.
func (p *passage) remove(ctx context.Context, m Mailbox, it Item) error {
	for attempt := 0; ; attempt++ {
		err := m.Remove(ctx, it)
		if err == nil || attempt > 0 && errors.Is(err, ErrGone) {
			return nil
		}
		if errors.Is(err, ErrGone) || attempt == p.s.attempts || !errors.Is(err, ErrConflict) && !transient(err) && !ambiguous(err) {
			return err
		}
		if err := p.s.pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// removeSurplus removes further copies at the destination end, and what a run
// in the other direction left there. It does not matter for the outcome if that
// fails: they are identical, and the next run sees them again.
func (p *passage) removeSurplus(ctx context.Context, kept Item, copies []Item) {
	for _, c := range append(copies, p.others...) {
		if c.ID == kept.ID || differs(kept, c, "") != "" {
			continue
		}
		if err := p.remove(ctx, p.to, c); err != nil && !errors.Is(err, ErrGone) {
			p.residues = append(p.residues, "a second copy is still in "+p.to.Address())
		}
	}
}
