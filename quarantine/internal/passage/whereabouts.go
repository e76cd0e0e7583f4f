package passage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errElsewhere says that the item is at neither end.
var errElsewhere = fmt.Errorf("%w: it is neither where it was found nor at the other end", driver.ErrGone)

// copies returns the items at the destination end that carry the stamp.
func (p *Passage) copies(ctx context.Context) ([]driver.Item, error) {
	q := p.Scope(p.dest)
	q.Operation, q.Origin = p.stamp.Operation, p.stamp.Mailbox
	found, err := p.To.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(found.Items) == 0 && q.In == nil {
		// The folder it goes to may be one that is not searched otherwise, such
		// as one of an archive.
		q.In = &p.dest
		there, err := p.To.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		found.Items = there.Items
	}
	var copies []driver.Item
	p.others = nil
	for _, it := range found.Items {
		if it.Stamp.Direction == p.Direction {
			copies = append(copies, it)
		} else {
			p.others = append(p.others, it)
		}
	}
	if len(copies) == 0 && len(found.Unsearched) > 0 {
		return nil, fmt.Errorf("folder %q at the destination could not be searched: %s", found.Unsearched[0].Folder.Path, found.Unsearched[0].Reason)
	}
	// The same order for everybody who looks: who takes away surplus copies
	// must never take the one that another keeps.
	slices.SortFunc(copies, func(a, b driver.Item) int { return strings.Compare(a.ID, b.ID) })
	return copies, nil
}

// arrived looks for the copy after the server reported success. It may take the
// server a moment to show it.
func (p *Passage) arrived(ctx context.Context) ([]driver.Item, error) {
	for attempt := 0; ; attempt++ {
		copies, err := p.copies(ctx)
		if err != nil || len(copies) > 0 || attempt == 2 {
			return copies, err
		}
		if err := p.engine.pause(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// refind makes sure that the item is still at the source end; its owner may
// have moved it, which gives it another id. Before a write is repeated this has
// to be so.
func (p *Passage) refind(ctx context.Context) error {
	fresh, err := p.From.Inspect(ctx, p.Item.ID)
	if err == nil {
		fresh.Folder = p.Item.Folder
		p.Item = fresh
		return nil
	}
	if !errors.Is(err, driver.ErrGone) {
		return err
	}
	strays, err := p.strays(ctx)
	if err != nil {
		return err
	}
	if len(strays) == 0 {
		return errElsewhere
	}
	p.Item = strays[0]
	return nil
}

// strays returns the items at the source end that carry the stamp and are what
// the item was: a copy that its owner made and changed is another item.
func (p *Passage) strays(ctx context.Context) ([]driver.Item, error) {
	found, err := p.From.Find(ctx, driver.Query{Operation: p.stamp.Operation, Origin: p.stamp.Mailbox})
	if err != nil {
		return nil, err
	}
	strays := slices.DeleteFunc(found.Items, func(it driver.Item) bool {
		// What a move out of quarantine leaves in Recoverable Items there is not
		// the item: another run has brought that home.
		left := p.Direction == driver.ToUser && it.Folder.Recoverable
		return left || it.Stamp.Direction != p.Direction || Differs(p.Item, it, true) != ""
	})
	if len(strays) == 0 && len(found.Unsearched) > 0 {
		return nil, fmt.Errorf("folder %q could not be searched: %s", found.Unsearched[0].Folder.Path, found.Unsearched[0].Reason)
	}
	return strays, nil
}

// lost handles an item that is not at the source end. The move may have been
// carried out after the look at the destination.
func (p *Passage) lost(ctx context.Context, err error) error {
	if !errors.Is(err, errElsewhere) {
		return p.undecided(err, nil)
	}
	copies, lookErr := p.copies(ctx)
	if lookErr != nil {
		return p.undecided(lookErr, nil)
	}
	if len(copies) == 0 {
		if copies, lookErr = p.stripped(ctx); lookErr != nil {
			return p.undecided(lookErr, nil)
		}
	}
	if len(copies) > 0 {
		return p.settle(ctx, copies, p.Direction == driver.ToQuarantine)
	}
	return p.abandon(ctx, err, false)
}

// reclaim puts the stamp on the copy that this run has made, if it arrived
// without: another run may have taken it off before the copy was made.
func (p *Passage) reclaim(ctx context.Context) ([]driver.Item, error) {
	if p.made == "" {
		return nil, nil
	}
	it, err := p.To.Inspect(ctx, p.made)
	if errors.Is(err, driver.ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	it.Folder = p.dest
	if p.Direction == driver.ToUser && it.Stamp == nil {
		p.copied = &it
		return nil, ErrOvertaken // another run has finished with this very copy
	}
	if it, err = p.To.Mark(ctx, it, driver.Change{Stamp: &p.stamp}); err != nil {
		return nil, err
	}
	return []driver.Item{it}, nil
}

// stripped looks at the destination end for the item without its stamp, and
// puts it on again: a restore that ran at the same time may have taken it off
// just before the item was moved.
func (p *Passage) stripped(ctx context.Context) ([]driver.Item, error) {
	q, ok := Alike(p.Item.MessageID, p.Item.Received)
	if p.Direction != driver.ToQuarantine || !ok {
		return nil, nil
	}
	q.In = &p.dest
	found, err := p.To.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, it := range found.Items {
		if it.Stamp == nil && Differs(p.Item, it, p.faithful) == "" {
			marked, err := p.To.Mark(ctx, it, driver.Change{Stamp: &p.stamp})
			if err != nil {
				return nil, err
			}
			return []driver.Item{marked}, nil
		}
	}
	return nil, nil
}
