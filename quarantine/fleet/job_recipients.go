package fleet

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// sortRecipients finds out what the recipients of an order are: groups, mailboxes on these
// servers, or somebody elsewhere, whose copy stays where it is.
func (w *Workers) sortRecipients(ctx context.Context, o *Order) (outside []quarantine.Unplanned, err error) {
	for _, t := range o.Recipients {
		_, err := w.router.Expand(ctx, t.Mailbox, o.Expand)
		if err == nil {
			group := quarantine.GroupTarget{Group: t.Mailbox, Target: t}
			group.Target.Mailbox = ""
			o.Groups = append(o.Groups, group)
			continue
		}
		if ctx.Err() == nil && !driver.Temporary(err) {
			_, err = w.router.ServerOf(ctx, t.Mailbox)
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err == nil:
			o.Targets = append(o.Targets, t)
		case driver.Temporary(err):
			return nil, err
		case errors.Is(err, quarantine.ErrUnreachable):
			outside = append(outside, quarantine.Unplanned{Kind: quarantine.UnplannedOutside, Address: t.Mailbox, MessageID: t.MessageID, Criteria: t.Criteria})
		default:
			o.Targets = append(o.Targets, t) // what is wrong is reported when it is taken
		}
	}
	return outside, nil
}
