package passage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// conclude handles a sight with a copy: it proves the copy, removes the original
// if there is one, and reads back that the original is gone and the copy is
// there. It reports done if that is so; if it is not done and there is no error,
// the ends have changed and are looked at again.
func (p *Passage) conclude(ctx context.Context, s sight) (done bool, err error) {
	kept, surplus, err := p.choose(ctx, s)
	if errors.Is(err, driver.ErrGone) {
		return false, nil // one of them was moved in the meantime
	}
	if err != nil {
		return false, p.undecided(err)
	}
	if kept == nil {
		return p.unproved(ctx, s, surplus)
	}
	for _, c := range surplus {
		p.shelve(ctx, c, "a second copy")
	}
	p.copied = kept
	p.note(ctx, p.original(s).Read)
	p.label(ctx)
	if s.source != nil {
		if gone, err := p.remove(ctx, *s.source); err != nil || !gone {
			return false, err
		}
	}
	if s.source != nil || !s.last {
		there, err := p.engine.Inspect(ctx, p.To, p.copied.ID)
		if err != nil {
			return false, p.undecided(err)
		}
		released := there != nil && p.Direction == driver.ToUser && there.Stamp == nil
		if there == nil || !p.carries(*there) && !released {
			return false, nil
		}
		there.Folder = p.copied.Folder
		p.copied = there
	}
	if s.source == nil && p.Direction == driver.ToQuarantine && p.sent && !p.moves && !p.struck {
		p.residues = append(p.residues, fmt.Sprintf("the server says that the original in %s was gone before this run removed it: if somebody has moved it to another mailbox, quarantine it there, too", p.From.Address()))
	}
	if p.way != "" && !p.moves {
		return true, nil
	}
	swept, residues := p.engine.Sweep(ctx, p.From, *p.copied, p.stamp)
	p.residues = append(p.residues, residues...)
	if p.way == "" || swept || p.split {
		return true, nil
	}
	return p.reallyMoved(ctx)
}

// reallyMoved reports whether the original is nowhere else in its mailbox after a move: its
// id is also dead if the server has only copied it, and somebody has filed it at that
// moment. What a move leaves in Recoverable Items shows the same.
func (p *Passage) reallyMoved(ctx context.Context) (bool, error) {
	stray, err := p.strayed(ctx, []driver.Item{*p.copied})
	if err != nil {
		return false, p.undecided(err)
	}
	p.split = stray != nil // from now on, it is searched for
	return stray == nil, nil
}

// original returns the original or, if it is gone, the copy that it has become.
func (p *Passage) original(s sight) driver.Item {
	if s.source != nil {
		return *s.source
	}
	return *p.copied
}

// choose returns the copy to keep: a proved one and, if there are several, the first,
// which is the same for every run. The others are surplus.
func (p *Passage) choose(ctx context.Context, s sight) (kept *driver.Item, surplus []driver.Item, err error) {
	var reasons []error
	if s.source != nil {
		p.content = nil // it may have changed since the last look
	}
	for _, c := range s.copies {
		why, err := p.differs(ctx, s, &c)
		switch {
		case err != nil:
			return nil, nil, err
		case why != "":
			reasons = append(reasons, errors.New(why))
			surplus = append(surplus, c)
		case kept == nil:
			kept = &c
		default:
			surplus = append(surplus, c)
		}
	}
	if kept == nil {
		p.last = fmt.Errorf("the copy in %s does not match the original: %w", p.To.Address(), errors.Join(reasons...))
	}
	return kept, surplus, nil
}

// differs describes how a copy differs from the original, or returns "". If the
// original is there, both have been read in this look; if not, the copy must
// match its stamp and what was last seen of the original.
func (p *Passage) differs(ctx context.Context, s sight, c *driver.Item) (string, error) {
	// A search does not return attachments, and the flag does not cover inline ones.
	if len(c.Attachments) == 0 && (c.HasAttachments || len(p.Item.Attachments) > 0) {
		whole, err := p.engine.Inspect(ctx, p.To, c.ID)
		if err != nil {
			return "", err
		}
		if whole == nil || whole.Stamp != nil && !p.carries(*whole) {
			return "", errors.New("the copy was found, but has been moved since")
		}
		whole.Folder = c.Folder
		*c = *whole
	}
	faithful := p.faithfulCopy(*c)
	if !faithful || s.source != nil && (!p.trusted || p.version == "" || p.version != s.source.Version || p.sentID != s.source.ID) {
		if why, known, err := p.proveByContent(ctx, s.source, *c, faithful); known {
			return why, err
		}
	}
	if s.source == nil {
		if faithful && c.Stamp != nil && printOf(*c) != c.Stamp.Print {
			return "it is not what its stamp says", nil
		}
		if p.marked.IsZero() {
			return "", nil
		}
		return Differs(p.Item, *c, faithful), nil
	}
	return Differs(*s.source, *c, faithful), nil
}

// faithfulCopy reports whether a copy keeps every property of the original.
func (p *Passage) faithfulCopy(c driver.Item) bool {
	if c.Stamp == nil {
		return p.faithful
	}
	if c.Stamp.Attempt == "" {
		return false // version 1 does not record how it carried
	}
	return !c.Stamp.Rebuilt
}

// remove permanently removes the original, under the version that was compared,
// and reads back that it is gone. If it is not gone, or has changed since,
// remove returns false, and the ends are looked at again.
func (p *Passage) remove(ctx context.Context, original driver.Item) (gone bool, err error) {
	if original.ID == p.copied.ID {
		return false, p.undecided(fmt.Errorf("the server gives the original in %s and the copy in %s the same id, so nothing was removed", p.From.Address(), p.To.Address()))
	}
	err = p.From.Remove(ctx, original)
	removed := err == nil
	if errors.Is(err, driver.ErrConflict) || errors.Is(err, driver.ErrGone) {
		return false, nil
	}
	p.struck = p.struck || !driver.Untouched(err)
	switch {
	case err != nil && driver.Untouched(err) && !driver.Temporary(err):
		p.residues = append(p.residues, "the original is still in "+p.From.Address())
		return false, &driver.Error{
			Err:       fmt.Errorf("a proved copy is in %s, but the original could not be removed; run it again: %w", p.To.Address(), err),
			Temporary: driver.Temporary(err), Cause: driver.CauseOf(err), Code: driver.CodeOf(err),
		}
	case err != nil:
		p.last, p.removing = err, p.removing || !driver.Untouched(err) && !driver.Answered(err)
		if err := p.engine.pause(ctx, 0); err != nil {
			return false, p.undecided(err)
		}
	}
	left, lookErr := p.engine.Inspect(ctx, p.From, original.ID)
	if lookErr != nil {
		return false, p.undecided(errors.Join(lookErr, err))
	}
	if left != nil && left.Folder.ID != "" && original.Folder.ID != "" && left.Folder.ID != original.Folder.ID {
		left = nil // an id may outlive the removal, and show what is kept in Recoverable Items
	}
	if left == nil && removed {
		// Its id is also dead if nothing was removed but its owner has just moved it.
		moved, err := p.strayed(ctx, []driver.Item{*p.copied})
		if err != nil {
			return false, p.undecided(err)
		}
		if left = moved; moved == nil {
			p.removed = true
		}
	}
	if left != nil && removed {
		p.last = errors.New("the server reported that it has removed the original, but it is still there")
	}
	return p.removed, nil
}

// note corrects the read state in the stamp if the user has read the message
// since it was stamped, because people will ask whether it was read.
func (p *Passage) note(ctx context.Context, read bool) {
	if p.Direction != driver.ToQuarantine || p.copied.Stamp == nil || read == p.copied.Stamp.Read {
		return
	}
	p.stamp.Read = read
	noted := *p.copied.Stamp
	noted.Read = read
	p.amend(ctx, driver.Change{Stamp: &noted}, "the new read state could not be recorded")
}

// label sets the configured header on the proved copy before the original is
// removed, so no copy is left without it. Getting malicious mail out of a
// mailbox matters more than the header, so a failure is only reported.
func (p *Passage) label(ctx context.Context) {
	m := driver.Change{SetHeader: p.engine.QuarantineHeader}
	if p.Direction == driver.ToUser {
		m = driver.Change{SetHeader: p.engine.UndoHeader}
	}
	if m.SetHeader.Name == "" || p.labelled == p.copied.ID {
		return
	}
	p.amend(ctx, m, "the header was not set")
	p.labelled = p.copied.ID
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
		if !errors.Is(err, driver.ErrConflict) && !p.engine.again(ctx, attempt, err) || attempt >= p.engine.Attempts {
			p.residues = append(p.residues, fmt.Sprintf("%s: %v", failure, err))
			return
		}
		if fresh, err := p.engine.Inspect(ctx, p.To, it.ID); err == nil && fresh != nil {
			it = *fresh
		}
	}
}
