package quarantine

import (
	"context"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// held reports whether an item lies in the quarantine mailbox, which means that the
// target's mailbox is another address of it. If the item were taken again, it would
// lose its record of whose it is.
func (tk *taking) held(ctx context.Context, it driver.Item) (bool, error) {
	if it.Stamp == nil || strings.EqualFold(it.Stamp.Mailbox, tk.target.Mailbox) {
		return false, nil
	}
	found, err := tk.s.engine.Find(ctx, tk.s.vaultOf(tk.target.Mailbox), driver.Query{Operation: it.Stamp.Operation, Origin: it.Stamp.Mailbox})
	return slices.ContainsFunc(found.Items, func(in driver.Item) bool { return in.ID == it.ID }), err
}
