package passage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// unproved handles copies none of which matches the original. None is removed. If the
// original is gone, or something may still arrive, the run ends undecided; otherwise each
// copy is put aside, and the original is taken out of the attempt.
//
// Another run may have found that one of them does match, and have removed the original.
// Once they are out of the attempt, no run will. So the original is looked at after that,
// and before they are put where nobody searches for the only copy of a message.
func (p *Passage) unproved(ctx context.Context, s sight, copies []driver.Item) (done bool, err error) {
	if s.source == nil {
		p.residues = append(p.residues, "the only copy is in "+p.To.Address())
		return false, p.undecided(p.last)
	}
	if !s.free {
		return false, p.undecided(p.last)
	}
	const why = "a copy that does not match"
	var detached []driver.Item
	for _, c := range copies {
		out, err := p.detach(ctx, c)
		if err != nil {
			p.aside(Aside{Item: c, Why: why, Left: err.Error()})
			if !driver.Untouched(err) {
				detached = append(detached, c)
			}
			return false, p.undecided(errors.Join(p.last, p.attach(ctx, copies, detached)))
		}
		detached = append(detached, out)
	}
	there, err := p.engine.Inspect(ctx, p.From, s.source.ID)
	gone, another := err == nil && there == nil, false
	if gone {
		another, err = p.sentByAnother(ctx, detached)
	}
	if err != nil || gone && !another {
		if err = errors.Join(err, p.attach(ctx, copies, detached)); err != nil {
			err = p.undecided(errors.Join(err, p.last))
		}
		return false, err
	}
	for _, c := range detached {
		p.putAside(ctx, c, why)
	}
	if gone {
		return false, nil
	}
	return false, p.abandon(ctx, p.last)
}

// sentByAnother reports whether there is a copy of the item at the destination besides
// those that were taken out of the attempt: if the lease is over, another run that does not
// see these sends the original anew, and a restored copy has no stamp in the end.
func (p *Passage) sentByAnother(ctx context.Context, detached []driver.Item) (bool, error) {
	q := p.stampedIn(p.To, p.stamp)
	if alike, ok := Alike(p.Item.MessageID, p.Item.Received); ok && p.Direction == driver.ToUser {
		q = alike
	}
	found, err := p.engine.Find(ctx, p.To, q)
	return slices.ContainsFunc(found.Items, func(it driver.Item) bool {
		ours := slices.ContainsFunc(detached, func(c driver.Item) bool { return c.ID == it.ID })
		return !ours && !it.Folder.Recoverable && (it.Stamp == nil || it.Stamp.Direction != driver.Surplus) && identityDiffers(p.Item, it, false) == ""
	}), err
}

// attach puts copies that were taken out of the attempt back into it, because they may be
// all that there is: the original was moved, or is gone, or it could not be looked at. A
// copy for which that fails is reported. The same is done for one that may be taken out
// later, by a request that was not answered: that request is refused once the copy has
// changed.
func (p *Passage) attach(ctx context.Context, were, detached []driver.Item) error {
	var failed []error
	for i, c := range detached {
		if were[i].Stamp == nil {
			continue
		}
		if err := p.attachOne(ctx, c, were[i].Stamp); err != nil {
			p.aside(Aside{Item: c, Why: "a copy that may be the only one", Left: err.Error(), Alone: true})
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// attachOne gives a copy its stamp back, even if somebody has moved it, and reads it back.
// It is not an error if the copy has got another stamp by now.
func (p *Passage) attachOne(ctx context.Context, c driver.Item, stamp *driver.Stamp) error {
	for attempt := 0; ; attempt++ {
		marked, err := p.To.Mark(ctx, c, driver.Change{Stamp: stamp})
		last := attempt >= p.engine.Attempts
		changed := errors.Is(err, driver.ErrGone) || errors.Is(err, driver.ErrConflict)
		if err != nil && (last || !changed && !p.engine.again(ctx, attempt, err)) {
			return err
		}
		if err == nil {
			c.ID = marked.ID // a server may give a changed item another one
		}
		fresh, lookErr := p.engine.Inspect(ctx, p.To, c.ID)
		if lookErr == nil && fresh == nil {
			fresh, lookErr = p.findAttempt(ctx, *stamp)
		}
		switch {
		case lookErr != nil:
			return errors.Join(err, lookErr)
		case fresh != nil && (fresh.Stamp == nil || fresh.Stamp.Attempt != stamp.Attempt || fresh.Stamp.Direction == stamp.Direction):
			return nil
		case last:
			return errNotKept
		case fresh != nil:
			c = *fresh
		}
	}
}

// findAttempt returns an item of an attempt at the destination, whether it is a copy or
// was taken out of the attempt, or nil if a search does not show it.
func (p *Passage) findAttempt(ctx context.Context, stamp driver.Stamp) (*driver.Item, error) {
	found, err := p.engine.Find(ctx, p.To, p.stampedIn(p.To, stamp))
	i := slices.IndexFunc(found.Items, func(it driver.Item) bool { return it.Stamp.Attempt == stamp.Attempt && p.alike(it) })
	if err != nil || i < 0 {
		return nil, err
	}
	return &found.Items[i], nil
}

// Aside is a copy that nobody needs.
type Aside struct {
	Item driver.Item // as it was last seen
	Why  string      // it was put aside
	// Left says why it could not be put aside and still lies where it was; empty
	// if it was put aside.
	Left string
	// Alone means that it may be the only copy after all, and Left says why it could not
	// be put back into its attempt.
	Alone bool
}

// String describes the copy for people.
func (a Aside) String() string {
	s := fmt.Sprintf("%s is in %s of %s", a.Why, cmp.Or(a.Item.Folder.Path, "Deleted Items"), a.Item.Mailbox)
	switch {
	case a.Alone:
		s += ", and could not be put back into its attempt: " + a.Left
	case a.Left != "":
		s += ", and could not be put aside: " + a.Left
	}
	return s
}

// shelve puts a copy aside, where people can find it, and takes it out of the attempt.
func (p *Passage) shelve(ctx context.Context, c driver.Item, why string) {
	out, err := p.detach(ctx, c)
	if err != nil {
		p.aside(Aside{Item: c, Why: why, Left: err.Error()})
		return
	}
	p.putAside(ctx, out, why)
}

// aside records a copy that nobody needs.
func (p *Passage) aside(a Aside) {
	a.Item.Mailbox = p.To.Address()
	p.asides = append(p.asides, a)
}

// detach takes a copy out of the attempt, and returns it as it is then.
func (p *Passage) detach(ctx context.Context, c driver.Item) (driver.Item, error) {
	if c.Stamp == nil {
		return c, nil
	}
	set := *c.Stamp
	set.Direction = driver.Surplus
	marked, err := p.To.Mark(ctx, c, driver.Change{Stamp: &set})
	if err != nil {
		return c, err
	}
	marked.Folder = c.Folder
	return marked, p.unbound(ctx, marked)
}

// putAside puts a copy that belongs to no attempt where people can find it, and records it
// in any case.
func (p *Passage) putAside(ctx context.Context, c driver.Item, why string) {
	a := Aside{Item: c, Why: why}
	defer func() { p.aside(a) }()
	shelver, ok := driver.As[driver.Shelver](p.To)
	if !ok {
		return
	}
	var folder *driver.Folder
	if p.Direction == driver.ToQuarantine {
		f, err := p.engine.Shelf(ctx)
		if err != nil {
			a.Left = err.Error()
			return
		}
		folder = &f
	}
	moved, err := shelver.Shelve(ctx, c, folder)
	if err != nil {
		a.Left = err.Error()
		return
	}
	if still, err := p.engine.Inspect(ctx, p.To, c.ID); still != nil || err != nil {
		a.Left = cmp.Or(err, errors.New("the server reported success, but it is still there")).Error()
		return
	}
	a.Item = moved
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
