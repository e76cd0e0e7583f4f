package passage

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// unproved handles copies none of which matches the original. None is removed. If the
// original is gone, or something may still arrive, the run ends undecided; otherwise each
// copy is put aside, and the original is taken out of the attempt.
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

// Aside is a copy that nobody needs.
type Aside struct {
	Item driver.Item // as it was last seen
	Why  string      // it was put aside
	// Left says why it could not be put aside and still lies where it was; empty
	// if it was put aside.
	Left string
}

// String describes the copy for people.
func (a Aside) String() string {
	s := fmt.Sprintf("%s is in %s of %s", a.Why, cmp.Or(a.Item.Folder.Path, "Deleted Items"), a.Item.Mailbox)
	if a.Left != "" {
		s += ", and could not be put aside: " + a.Left
	}
	return s
}

// shelve puts a copy aside, where people can find it, and takes it out of the attempt. It
// returns whether the latter has been done, and records the copy in any case.
func (p *Passage) shelve(ctx context.Context, c driver.Item, why string) bool {
	a := Aside{Item: c, Why: why}
	defer func() {
		a.Item.Mailbox = p.To.Address()
		p.asides = append(p.asides, a)
	}()
	if c.Stamp != nil {
		set := *c.Stamp
		set.Direction = driver.Surplus
		marked, err := p.To.Mark(ctx, c, driver.Change{Stamp: &set})
		if err != nil {
			a.Left = err.Error()
			return false
		}
		if err := p.unbound(ctx, marked); err != nil {
			a.Left = err.Error()
			return false
		}
		marked.Folder = c.Folder
		a.Item = marked
	}
	shelver, ok := driver.As[driver.Shelver](p.To)
	if !ok {
		return true
	}
	var folder *driver.Folder
	if p.Direction == driver.ToQuarantine {
		f, err := p.engine.Shelf(ctx)
		if err != nil {
			a.Left = err.Error()
			return true
		}
		folder = &f
	}
	moved, err := shelver.Shelve(ctx, a.Item, folder)
	if err != nil {
		a.Left = err.Error()
		return true
	}
	if still, err := p.engine.Inspect(ctx, p.To, c.ID); still != nil || err != nil {
		a.Left = cmp.Or(err, errors.New("the server reported success, but it is still there")).Error()
		return true
	}
	a.Item = moved
	return true
}

// unbound reads back that a copy has been taken out of the attempt. If it had not
// been, the next run would mistake it for the item that came back.
func (p *Passage) unbound(ctx context.Context, marked driver.Item) error {
	read, err := p.engine.Inspect(ctx, p.To, marked.ID)
	switch {
	case err != nil:
		return err
	case read == nil:
		return errors.New("it was moved meanwhile")
	case read.Stamp == nil || read.Stamp.Direction != driver.Surplus:
		return errors.New("the server reported success, but it has not taken the new stamp")
	}
	return nil
}

// Aside puts aside a copy that has reached its user when another one was there
// already, and reports where it is.
func (e *Engine) Aside(ctx context.Context, user driver.Mailbox, late driver.Item) Result {
	p := e.New(Passage{Direction: driver.ToUser, To: user})
	p.shelve(ctx, late, "a second copy, which came late,")
	return p.Result()
}
