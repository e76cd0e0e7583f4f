package passage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// settle proves one of the copies at the destination end and then removes what
// is too many: the original, copies that an interrupted run made twice, and
// what a run in the other direction left. Moved says that the server moved the
// original away.
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
		// One was moved between the look and the proof; it is still somewhere.
		if copies, err = p.arrived(ctx); err == nil {
			kept, unproved, err = p.pick(ctx, original, copies)
		}
		if err != nil {
			return p.undecided(err, nil)
		}
		if kept == nil && len(unproved) < max(len(copies), 1) {
			return p.undecided(errors.New("the copy was there, and is not where it was"), nil)
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
			// Somebody else removed it between the proof and now.
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

// note corrects the read state in the stamp, if the user has read the message
// since the stamp was put on: whether it was read is what people will ask.
func (p *Passage) note(ctx context.Context, original *driver.Item) {
	read := p.copied.Read
	if original != nil {
		read = original.Read
	}
	if p.Direction != driver.ToQuarantine || read == p.stamp.Read {
		return
	}
	p.stamp.Read = read
	p.amend(ctx, driver.Change{Stamp: &p.stamp}, "that it was read meanwhile could not be noted")
}

// amend changes the proved copy. It is repeated as need be, and what still fails
// is told as a residue.
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

// unstamp takes the stamp of this run off an item, wherever its owner may have
// moved it meanwhile. That it is gone, or carries another stamp by now, is no
// error.
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

// label puts the header of the configuration on the proved copy, before the
// original is removed, so that no copy is left without. To get malicious mail
// out of a mailbox matters more than the header, so its failure is only told.
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

// errForeign says that what lies at the destination end under the name of the
// operation is not a copy of the item.
var errForeign = errors.New("another item carries the stamp")

// census notes which items like the one that comes back the user has already:
// copies that came back before, or were delivered since.
func (p *Passage) census(ctx context.Context) error {
	if p.Direction != driver.ToUser {
		return nil
	}
	p.twins = make(map[string]bool)
	return p.unstamped(ctx, func(it driver.Item) { p.twins[it.ID] = true })
}

// unstamped calls f with each item at the destination end that is like this one
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

// ErrOvertaken reports that another run has done what this one was to do.
var ErrOvertaken = errors.New("another run has brought it back")

// overtaken handles an original in quarantine that somebody else has removed
// while this run carried it. If an item like it has appeared with the user since,
// beside the copies that carry the stamp, another restore was quicker, and has
// taken its stamp off already: then what this run made, and nothing else, is taken
// away again, and the error is [ErrOvertaken].
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

// original returns the item at the source end with everything a proof needs,
// nil if it is gone as it should be.
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
	// Its owner may have moved it meanwhile.
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

// pick returns the first copy that is proved, and why others are not; one that
// is gone again is neither. With the original gone the copies are compared with what was known of it.
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

// unproved handles copies none of which is what it should be. If the original
// is there, they are taken away; if not, they are all there is, and stay.
func (p *Passage) unproved(ctx context.Context, original *driver.Item, why map[string]string) error {
	var reasons []string
	for _, w := range why {
		reasons = append(reasons, w)
	}
	err := fmt.Errorf("the copy in %s is not what it should be: %s", p.To.Address(), strings.Join(reasons, "; "))
	if original == nil {
		p.residues = append(p.residues, "the only copy is in "+p.To.Address())
		return err
	}
	if p.made == "" && !p.own && p.Direction == driver.ToQuarantine {
		return errForeign
	}
	for id := range why {
		if !p.own && id != p.made {
			// Its stamp may be forged, or be that of a copy that somebody made.
			p.residues = append(p.residues, "another item in "+p.To.Address()+" carries the same stamp")
			continue
		}
		if removeErr := p.engine.Remove(ctx, p.To, driver.Item{ID: id}); removeErr != nil && !errors.Is(removeErr, driver.ErrGone) {
			p.residues = append(p.residues, "an unproved copy is still in "+p.To.Address())
			return fmt.Errorf("%w; and it could not be taken away: %w", err, removeErr)
		}
	}
	return p.abandon(ctx, err, true)
}

// removeOriginal removes the item at the source end, wherever its owner may
// have put it meanwhile. The error matches [driver.ErrGone] if it was nowhere.
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
// in the other direction left there. It does not matter for the outcome if that
// fails: they are identical, and the next run sees them again.
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

// Release takes the stamp off the item that is back. The read state is put
// right only if the way did not carry it: what its owner has done since stays.
func (p *Passage) Release(ctx context.Context) error {
	var read *bool
	if p.copied.Read != p.stamp.Read {
		read = &p.stamp.Read
	}
	if err := p.unstamp(ctx, p.To, *p.copied, read); err != nil {
		p.residues = append(p.residues, "the item is back, but still has its stamp")
		return fmt.Errorf("the item is back, but its stamp could not be taken off; run it again: %w", err)
	}
	return nil
}
