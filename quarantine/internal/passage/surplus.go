package passage

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// unproved handles copies none of which matches the original. None is removed:
// each is put aside. If the original is there, it then carries no attempt any
// more.
func (p *Passage) unproved(ctx context.Context, s sight, copies []driver.Item) (done bool, err error) {
	if s.source == nil {
		p.residues = append(p.residues, "the only copy is in "+p.To.Address())
		return false, p.undecided(p.last)
	}
	if !s.free {
		return false, p.undecided(p.last)
	}
	for _, c := range copies {
		if !p.shelve(ctx, c, "a copy that does not match") {
			return false, p.undecided(p.last)
		}
	}
	return false, p.abandon(ctx, p.last)
}

// shelve puts a copy aside, where people find it, and takes it out of the
// attempt. It reports whether that has been done, and tells of it in any case.
func (p *Passage) shelve(ctx context.Context, c driver.Item, what string) bool {
	marked := c
	if c.Stamp != nil {
		set := *c.Stamp
		set.Direction = driver.Surplus
		var err error
		if marked, err = p.To.Mark(ctx, c, driver.Change{Stamp: &set}); err != nil {
			p.residues = append(p.residues, fmt.Sprintf("%s is in %s of %s, and could not be marked as surplus: %v", what, c.Folder.Path, p.To.Address(), err))
			return false
		}
	}
	p.wrote = time.Now()
	shelver, ok := driver.As[driver.Shelver](p.To)
	if !ok {
		p.residues = append(p.residues, fmt.Sprintf("%s is in %s of %s", what, c.Folder.Path, p.To.Address()))
		return true
	}
	var folder *driver.Folder
	if p.Direction == driver.ToQuarantine {
		f, err := p.engine.Shelf(ctx)
		if err != nil {
			p.residues = append(p.residues, fmt.Sprintf("%s is in %s of %s: %v", what, c.Folder.Path, p.To.Address(), err))
			return true
		}
		folder = &f
	}
	if _, err := shelver.Shelve(ctx, marked, folder); err != nil {
		p.residues = append(p.residues, fmt.Sprintf("%s is in %s of %s: %v", what, c.Folder.Path, p.To.Address(), err))
		return true
	}
	where := "Deleted Items"
	if folder != nil {
		where = folder.Path
	}
	p.residues = append(p.residues, fmt.Sprintf("%s is in %s of %s", what, where, p.To.Address()))
	return true
}

// Aside puts aside a copy that has come to its user when another one was there
// already, and says where it is.
func (e *Engine) Aside(ctx context.Context, user driver.Mailbox, late driver.Item) (residue string) {
	p := e.New(Passage{Direction: driver.ToUser, To: user})
	p.shelve(ctx, late, "a second copy, which came late,")
	return p.Result().Residue
}
