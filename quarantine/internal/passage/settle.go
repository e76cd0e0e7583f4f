package passage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// settle proves one of the copies at the destination end and then removes the
// rest: the original, duplicates made by an interrupted run, and leftovers of a
// run in the other direction. moved means that the server moved the original
// away.
func (p *Passage) settle(ctx context.Context, copies []driver.Item, moved bool) error {
	original, err := p.original(ctx, moved)
	if err != nil {
		return p.undecided(err, nil)
	}
	kept, unproved, err := p.pick(ctx, original, copies)
	if err != nil {
		return p.undecided(err, nil)
	}
	if kept == nil && len(unproved) < len(copies) {
		// One was moved between the search and the proof; it is still somewhere.
		if copies, err = p.arrived(ctx); err == nil {
			kept, unproved, err = p.pick(ctx, original, copies)
		}
		if err != nil {
			return p.undecided(err, nil)
		}
		if kept == nil && len(unproved) < max(len(copies), 1) {
			return p.undecided(errors.New("the copy was found, but has been moved since"), nil)
		}
	}
	if kept == nil {
		return p.unproved(ctx, original, unproved)
	}
	if original == nil && !moved {
		if done, err := p.overtaken(ctx, copies); done || err != nil {
			return err
		}
	}
	p.copied = kept
	p.note(ctx, original)
	p.label(ctx)
	if original != nil {
		err := p.removeOriginal(ctx, *original)
		if errors.Is(err, driver.ErrGone) {
			// Someone else removed it after the proof.
			if done, err := p.overtaken(ctx, copies); done || err != nil {
				return err
			}
		} else if err != nil {
			p.residues = append(p.residues, "the original is still in "+p.From.Address())
			return fmt.Errorf("a proved copy is in %s, but the original could not be removed; run it again: %w", p.To.Address(), err)
		}
	}
	if p.repeated {
		// What was carried first may have arrived after all.
		if late, err := p.copies(ctx); err == nil {
			copies = late
		}
	}
	p.removeSurplus(ctx, *kept, copies)
	if p.Direction == driver.ToQuarantine {
		if residue := p.engine.Sweep(ctx, p.From, p.stamp.Operation); residue != "" {
			p.residues = append(p.residues, residue)
		}
	}
	return nil
}

// note corrects the read state in the stamp if the user has read the message
// since it was stamped, because people will ask whether it was read.
func (p *Passage) note(ctx context.Context, original *driver.Item) {
	read := p.copied.Read
	if original != nil {
		read = original.Read
	}
	if p.Direction != driver.ToQuarantine || read == p.stamp.Read {
		return
	}
	p.stamp.Read = read
	p.amend(ctx, driver.Change{Stamp: &p.stamp}, "the new read state could not be recorded")
}

// amend changes the proved copy, retrying as needed. A final failure is
// reported as a residue.
func (p *Passage) amend(ctx context.Context, m driver.Change, failure string) {
	it := *p.copied
	for attempt := 0; ; attempt++ {
		marked, err := p.To.Mark(ctx, it, m)
		if err == nil {
			marked.Folder = p.copied.Folder
			p.copied = &marked
			return
		}
		if attempt == p.engine.Attempts || !errors.Is(err, driver.ErrConflict) && !driver.Temporary(err) && driver.Untouched(err) || p.engine.pause(ctx, attempt) != nil {
			p.residues = append(p.residues, fmt.Sprintf("%s: %v", failure, err))
			return
		}
		if fresh, err := p.To.Inspect(ctx, it.ID); err == nil {
			it = fresh
		}
	}
}

// unstamp removes this run's stamp from an item, even if its owner has moved
// it. It is not an error if the item is gone, or carries another stamp by now.
func (p *Passage) unstamp(ctx context.Context, m driver.Mailbox, it driver.Item, read *bool) error {
	for attempt := 0; ; attempt++ {
		_, err := m.Mark(ctx, it, driver.Change{Clear: true, Read: read})
		if err == nil {
			return nil
		}
		if attempt == p.engine.Attempts || !errors.Is(err, driver.ErrGone) && !errors.Is(err, driver.ErrConflict) && !driver.Temporary(err) && driver.Untouched(err) {
			return err
		}
		if !errors.Is(err, driver.ErrGone) {
			if err := p.engine.pause(ctx, attempt); err != nil {
				return err
			}
		}
		fresh, err := m.Inspect(ctx, it.ID)
		if errors.Is(err, driver.ErrGone) {
			found, err := m.Find(ctx, driver.Query{Operation: p.stamp.Operation, Origin: p.stamp.Mailbox})
			if err != nil {
				return err
			}
			i := slices.IndexFunc(found.Items, func(f driver.Item) bool { return p.marked(f) && Differs(it, f, false) == "" })
			if i < 0 {
				return nil
			}
			fresh = found.Items[i]
		} else if err != nil {
			return err
		}
		if !p.marked(fresh) {
			return nil
		}
		if fresh.Read != it.Read {
			read = nil // its owner has changed it since
		}
		it = fresh
	}
}

// label sets the configured header on the proved copy before the original is
// removed, so no copy is left without it. Getting malicious mail out of a
// mailbox matters more than the header, so a failure is only reported.
func (p *Passage) label(ctx context.Context) {
	m := driver.Change{SetHeader: p.engine.QuarantineHeader}
	if p.Direction == driver.ToUser {
		m = driver.Change{SetHeader: p.engine.UndoHeader}
	}
	if m.SetHeader.Name == "" {
		return
	}
	p.amend(ctx, m, "the header was not set")
}

// errForeign means that what has the operation's name at the destination end is
// not a copy of the item.
var errForeign = errors.New("another item carries the stamp")

// census records which items like the one being restored the user already has:
// copies restored before, or delivered since.
func (p *Passage) census(ctx context.Context) error {
	if p.Direction != driver.ToUser {
		return nil
	}
	p.twins = make(map[string]bool)
	return p.unstamped(ctx, func(it driver.Item) { p.twins[it.ID] = true })
}

// unstamped calls f for each item at the destination end that is like this one
// and has no stamp.
func (p *Passage) unstamped(ctx context.Context, f func(driver.Item)) error {
	q, ok := Alike(p.Item.MessageID, p.Item.Received)
	if !ok {
		return nil
	}
	found, err := p.To.Find(ctx, q)
	if err != nil {
		return err
	}
	for _, it := range found.Items {
		if it.Stamp == nil && Differs(p.Item, it, false) == "" {
			f(it)
		}
	}
	return nil
}

// ErrOvertaken reports that another run has already done what this one was
// meant to do.
var ErrOvertaken = errors.New("another run has already restored it")

// overtaken handles an original in quarantine that was removed by someone else
// while this run carried it. If a similar unstamped item has since appeared in
// the user's mailbox, another restore was quicker and has already removed its
// stamp: then only what this run made is removed again, and the error is
// [ErrOvertaken].
func (p *Passage) overtaken(ctx context.Context, copies []driver.Item) (done bool, err error) {
	if p.Direction != driver.ToUser || p.made == "" {
		return false, nil
	}
	var twin *driver.Item
	err = p.unstamped(ctx, func(it driver.Item) {
		known := p.twins[it.ID] || it.ID == p.made || slices.ContainsFunc(copies, func(c driver.Item) bool { return c.ID == it.ID })
		if !known {
			twin = &it
		}
	})
	if err != nil {
		return true, p.undecided(err, nil)
	}
	if twin == nil {
		return false, nil
	}
	mine, err := p.To.Inspect(ctx, p.made)
	if err == nil && !p.marked(mine) {
		// The other run finished with the very copy that this one made.
		p.copied = &mine
		return true, ErrOvertaken
	}
	if err != nil && !errors.Is(err, driver.ErrGone) {
		return true, p.undecided(err, nil)
	}
	if err := p.engine.Remove(ctx, p.To, driver.Item{ID: p.made}); err != nil && !errors.Is(err, driver.ErrGone) {
		p.residues = append(p.residues, "a second copy is still in "+p.To.Address())
		return true, p.undecided(err, nil)
	}
	p.copied = twin
	return true, ErrOvertaken
}

// original returns the item at the source end with everything a proof needs, or
// nil if it is gone, as intended.
func (p *Passage) original(ctx context.Context, moved bool) (*driver.Item, error) {
	whole, err := p.From.Inspect(ctx, p.Item.ID)
	if err == nil {
		whole.Folder = p.Item.Folder
		return &whole, nil
	}
	if !errors.Is(err, driver.ErrGone) {
		return nil, err
	}
	if moved {
		return nil, nil
	}
	// Its owner may have moved it in the meantime.
	strays, err := p.strays(ctx)
	if err != nil || len(strays) == 0 {
		return nil, err
	}
	stray, err := p.From.Inspect(ctx, strays[0].ID)
	if errors.Is(err, driver.ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stray.Folder = strays[0].Folder
	return &stray, nil
}

// pick returns the first copy that is proved, and why others are not; copies
// that have disappeared are in neither. If the original is gone, copies are
// compared with what was known of it.
func (p *Passage) pick(ctx context.Context, original *driver.Item, copies []driver.Item) (*driver.Item, map[string]string, error) {
	unproved := make(map[string]string)
	for _, c := range copies {
		known := p.Item
		if original != nil {
			known = *original
			whole, err := p.To.Inspect(ctx, c.ID)
			if errors.Is(err, driver.ErrGone) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			whole.Folder = c.Folder
			c = whole
		}
		if why := Differs(known, c, p.faithful); why != "" {
			unproved[c.ID] = why
			continue
		}
		return &c, unproved, nil
	}
	return nil, unproved, nil
}

// unproved handles copies none of which could be proved. If the original
// exists, they are removed; if not, they are all there is, and stay.
func (p *Passage) unproved(ctx context.Context, original *driver.Item, why map[string]string) error {
	var reasons []string
	for _, w := range why {
		reasons = append(reasons, w)
	}
	err := fmt.Errorf("the copy in %s does not match the original: %s", p.To.Address(), strings.Join(reasons, "; "))
	if original == nil {
		p.residues = append(p.residues, "the only copy is in "+p.To.Address())
		return err
	}
	if p.made == "" && !p.own && p.Direction == driver.ToQuarantine {
		return errForeign
	}
	for id := range why {
		if !p.own && id != p.made {
			// Its stamp may be forged, or it may be a copy that someone made.
			p.residues = append(p.residues, "another item in "+p.To.Address()+" carries the same stamp")
			continue
		}
		if removeErr := p.engine.Remove(ctx, p.To, driver.Item{ID: id}); removeErr != nil && !errors.Is(removeErr, driver.ErrGone) {
			p.residues = append(p.residues, "an unproved copy is still in "+p.To.Address())
			return fmt.Errorf("%w; and it could not be removed: %w", err, removeErr)
		}
	}
	return p.abandon(ctx, err, true)
}

// removeOriginal removes the item at the source end, wherever its owner may
// have moved it. The error matches [driver.ErrGone] if it was not found.
func (p *Passage) removeOriginal(ctx context.Context, original driver.Item) error {
	err := p.engine.Remove(ctx, p.From, original)
	if !errors.Is(err, driver.ErrGone) {
		return err
	}
	strays, err := p.strays(ctx)
	if err != nil {
		return err
	}
	removed := fmt.Errorf("%w: the original", driver.ErrGone)
	for _, s := range strays {
		switch err := p.engine.Remove(ctx, p.From, s); {
		case err == nil:
			removed = nil
		case !errors.Is(err, driver.ErrGone):
			return err
		}
	}
	return removed
}

// removeSurplus removes further copies at the destination end, and what a run
// in the other direction left there. Failure does not affect the outcome: the
// copies are identical, and the next run will see them again.
func (p *Passage) removeSurplus(ctx context.Context, kept driver.Item, copies []driver.Item) {
	for _, c := range append(copies, p.others...) {
		if c.ID == kept.ID || Differs(kept, c, false) != "" {
			continue
		}
		if err := p.engine.Remove(ctx, p.To, c); err != nil && !errors.Is(err, driver.ErrGone) {
			p.residues = append(p.residues, "a second copy is still in "+p.To.Address())
		}
	}
}

// Release removes the stamp from the restored item. It corrects the read state
// only if the way did not preserve it: what the owner has changed since stays.
func (p *Passage) Release(ctx context.Context) error {
	var read *bool
	if p.copied.Read != p.stamp.Read {
		read = &p.stamp.Read
	}
	if err := p.unstamp(ctx, p.To, *p.copied, read); err != nil {
		p.residues = append(p.residues, "the item is back, but still has its stamp")
		return fmt.Errorf("the item is back, but its stamp could not be removed; run it again: %w", err)
	}
	return nil
}
