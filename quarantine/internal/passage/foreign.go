package passage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carriedAlready adopts an attempt that cannot be known to be of this installation, if what
// looks like a copy made under it is in quarantine: its key was replaced, or the server has
// changed what was sealed. Begun anew, the item would be there twice. Nothing is believed of
// the attempt but that the copy is one: what both say is compared.
func (p *Passage) carriedAlready(ctx context.Context, had *driver.Stamp) (bool, error) {
	if had == nil || had.Attempt == "" || had.Direction != driver.ToQuarantine || time.Until(had.Lease) > p.engine.usual() ||
		!strings.EqualFold(had.Mailbox, p.From.Address()) || p.NameInUse(had.Operation) {
		return false, nil
	}
	found, err := p.engine.Find(ctx, p.To, p.stampedIn(p.To, *had))
	if err != nil {
		return false, err
	}
	carried := slices.ContainsFunc(found.Items, func(it driver.Item) bool {
		return it.Stamp.Attempt == had.Attempt && it.Stamp.Direction == had.Direction && !it.Folder.Recoverable && identityDiffers(p.Item, it, false) == ""
	})
	if carried {
		p.adopt(*had)
	}
	return carried, nil
}
