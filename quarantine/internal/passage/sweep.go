package passage

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Sweep permanently removes what moving an item away has left in Recoverable Items, if
// the driver can find it: items that have the stamp of the same attempt and that the
// proved copy matches. It reports whether there was any, and returns descriptions of what
// could not be removed, or was not removed because the copy does not match it: what the
// copy lacks may exist nowhere else.
func (e *Engine) Sweep(ctx context.Context, from driver.Mailbox, copied driver.Item, stamp driver.Stamp) (found bool, residues []string) {
	sweeper, ok := driver.As[driver.Sweeper](from)
	if e.Leaves || !ok {
		return false, nil
	}
	failed := func(err error) (bool, []string) {
		return found, append(residues, fmt.Sprintf("it may still be in Recoverable Items of %s: %v", from.Address(), err))
	}
	var left []driver.Item
	for attempt := 0; ; attempt++ {
		var err error
		if left, err = sweeper.Leftovers(ctx, stamp.Operation); err == nil {
			break
		}
		if !e.again(ctx, attempt, err) {
			return failed(err)
		}
	}
	for _, it := range left {
		if it.ID == copied.ID || it.Stamp == nil || it.Stamp.Attempt != stamp.Attempt || it.Stamp.Direction != stamp.Direction {
			continue
		}
		found = true
		if why := Differs(it, copied, copied.Stamp == nil || !copied.Stamp.Rebuilt); why != "" {
			residues = append(residues, fmt.Sprintf("what is left in Recoverable Items of %s stays there, because the copy does not match it: %s", from.Address(), why))
			continue
		}
		for attempt := 0; ; attempt++ {
			err := from.Remove(ctx, it)
			if err == nil || errors.Is(err, driver.ErrGone) {
				break
			}
			if errors.Is(err, driver.ErrConflict) || !e.again(ctx, attempt, err) {
				return failed(err)
			}
		}
	}
	return found, residues
}
