package passage

import (
	"context"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carriedAlready adopts an attempt that is not known to belong to this installation, if
// what looks like a copy made under it is in quarantine: its key was replaced, or the
// server has changed what was sealed. With a new attempt, the item would be there twice.
// Nothing about the attempt is trusted except that the copy may be one: its content is
// compared with the original's.
func (p *Passage) carriedAlready(ctx context.Context, had *driver.Stamp) (bool, error) {
	if had == nil || had.Attempt == "" || had.Direction != driver.ToQuarantine || time.Until(had.Lease) > p.engine.usual() ||
		!strings.EqualFold(had.Mailbox, p.From.Address()) || p.NameInUse(had.Operation) {
		return false, nil
	}
	carried, err := p.leftOf(ctx, *had, func(it driver.Item) bool {
		return !it.Folder.Recoverable && identityDiffers(p.Item, it, false) == ""
	})
	if err != nil || carried == nil {
		return false, err
	}
	p.adopt(*had)
	return true, nil
}
