package quarantine

import (
	"context"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// unmarked tells the passage of an item what an earlier run began with it, if the item
// itself does not show it: that run could not mark it, or the stamp has been taken off
// since. The passage then begins again and finishes that intent along with it, as the
// recovery does. It does not if there may already be a copy, since another would be a
// second one: unmarked then returns the operation of that intent and an error.
func (tk *taking) unmarked(ctx context.Context, p *passage.Passage, it driver.Item) (operation string, err error) {
	in, found := tk.intentFor(ctx, it)
	if !found || it.Stamp != nil && it.Stamp.Operation == in.Operation {
		return "", nil
	}
	// An intent that another run holds is left to that run, and one that was settled in the
	// meantime is left alone.
	if in, err = tk.s.claims.take(ctx, in.Operation); err != nil {
		return "", nil
	}
	// That run may have marked the item and ended since the search that showed it.
	now, err := tk.s.engine.Inspect(ctx, tk.mailbox, it.ID)
	if err != nil || now == nil || now.Stamp != nil && now.Stamp.Operation == in.Operation {
		tk.s.claims.release(ctx, in.Operation)
		return "", nil // the passage will find the same
	}
	if err := p.Uncarried(ctx, in.stamp()); err != nil {
		tk.s.claims.release(ctx, in.Operation)
		return in.Operation, err
	}
	p.Begun(in.Operation)
	return "", nil
}

// intentFor returns the intent that names the item by its id, among those that existed when
// the run met its first item. A journal that cannot be read is reported at the end of the
// run.
func (tk *taking) intentFor(ctx context.Context, it driver.Item) (Intent, bool) {
	if !tk.asked {
		tk.asked = true
		tk.intents, _ = tk.s.intentsOf(ctx, tk.target)
	}
	i := slices.IndexFunc(tk.intents, func(in Intent) bool {
		return in.Direction == driver.ToQuarantine && tk.s.owns(in.From) && tk.s.itemID(in.From) == it.ID
	})
	if i < 0 {
		return Intent{}, false
	}
	return tk.intents[i], true
}

// stamp returns the stamp that the item is marked with, as far as the intent records it.
func (in Intent) stamp() driver.Stamp {
	return driver.Stamp{Operation: in.Operation, Attempt: in.Attempt, Lease: in.Lease, Mailbox: in.Target.Mailbox, Direction: in.Direction, At: in.At}
}
