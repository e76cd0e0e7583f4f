package quarantine

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Find is [Service.Find] on the server that has the mailbox. The error is as
// for the service, or a [*RouteError].
func (r *Router) Find(ctx context.Context, t Target) (*Receipt, error) {
	return r.atMailbox(ctx, t, func(rt *route) (*Receipt, error) { return rt.service.Find(ctx, t) })
}

// Quarantine is [Service.Quarantine] on the server that has the mailbox. The
// error is as for the service, or a [*RouteError].
func (r *Router) Quarantine(ctx context.Context, t Target) (*Receipt, error) {
	return r.atMailbox(ctx, t, func(rt *route) (*Receipt, error) { return rt.service.Quarantine(ctx, t) })
}

// Restore is [Service.Restore] on the server named in the receipt. A receipt that names
// none, such as one from a service that had no name then, belongs to the server in whose
// quarantine mailbox its items lie or, failing that, to the server that claims its mailbox.
// If the mailbox has since moved to another server, it cannot be restored from there, and
// the error says so. A receipt that names no server and has no items, such as one for a
// target that was not begun, has nothing to restore, and that is not an error.
func (r *Router) Restore(ctx context.Context, receipt *Receipt) (*Receipt, error) {
	rt, err := r.of(receipt)
	if err != nil {
		return nothingTaken(receipt, err)
	}
	return r.restore(ctx, rt, receipt)
}

func (r *Router) restore(ctx context.Context, rt *route, receipt *Receipt) (*Receipt, error) {
	out, err := rt.service.Restore(ctx, receipt)
	return r.restored(ctx, rt, receipt.Target, out, err)
}

// RestoreMessage is [Service.RestoreMessage] on the server that has the
// mailbox. If that server has nothing in quarantine, it tries the other servers
// that may have had the mailbox before.
func (r *Router) RestoreMessage(ctx context.Context, t Target) (*Receipt, error) {
	var at *route
	out, err := r.atMailbox(ctx, t, func(rt *route) (*Receipt, error) {
		at = rt
		return rt.service.RestoreMessage(ctx, t)
	})
	if err != nil {
		return nil, err
	}
	for _, it := range out.Items {
		if it.Outcome != NotFound && it.Outcome != AlreadyRestored {
			return out, nil
		}
	}
	others, _ := r.candidates(t.Mailbox)
	for _, rt := range others {
		if rt == at {
			continue
		}
		holds, err := rt.holds(ctx, t)
		if err != nil {
			out.Unsearched = append(out.Unsearched, driver.NotSearched(driver.Folder{}, onServer(rt, err)))
		}
		if holds {
			out, err := rt.service.RestoreMessage(ctx, t)
			return r.restored(ctx, rt, t, out, err)
		}
	}
	return out, nil
}

// holds reports whether a message is in the quarantine of a service.
func (rt *route) holds(ctx context.Context, t Target) (bool, error) {
	found, err := rt.service.inQuarantine(ctx, t.Mailbox, t, driver.Query{Origin: t.Mailbox})
	if rt.service.inPlace() && errors.Is(err, ErrUnreachable) {
		return false, nil // neither the mailbox nor what would be kept in it is there
	}
	if err == nil && len(found.Items) == 0 {
		err = (&Receipt{Unsearched: found.Unsearched}).Err()
	}
	return len(found.Items) > 0, err
}

// restored explains why a restore failed if the mailbox has moved.
func (r *Router) restored(ctx context.Context, rt *route, t Target, out *Receipt, err error) (*Receipt, error) {
	cause := err
	if err == nil {
		cause = out.leftBehind()
	}
	if cause == nil || !movedAway(cause) {
		return out, onServer(rt, err)
	}
	to, lookErr := r.elsewhere(ctx, t.Mailbox, rt, cause)
	if lookErr != nil {
		return out, onServer(rt, err)
	}
	explain := func(err error) error {
		return fmt.Errorf("the mailbox has moved to %q, and messages in the quarantine of %q cannot be restored there: move the mailbox back, or export the message by hand: %w",
			to.name(), rt.name(), err)
	}
	if err != nil {
		return nil, onServer(rt, explain(err))
	}
	for i := range out.Items {
		if e := out.Items[i].Err; e != nil && movedAway(e) {
			out.Items[i].Err = explain(e)
		}
	}
	return out, nil
}

// atMailbox calls do with the service that has the mailbox of a target, and
// once more with another service if the mailbox turns out to have moved.
func (r *Router) atMailbox(ctx context.Context, t Target, do func(*route) (*Receipt, error)) (*Receipt, error) {
	if err := r.check(t); err != nil {
		return nil, err
	}
	rt, err := r.locate(ctx, t.Mailbox)
	if err != nil {
		return nil, err
	}
	out, err := do(rt)
	if err != nil && movedAway(err) && ctx.Err() == nil {
		// An error means that nothing was done in the mailbox, so the other service
		// need not know about it.
		if rt, err = r.elsewhere(ctx, t.Mailbox, rt, err); err != nil {
			return nil, err
		}
		out, err = do(rt)
	}
	if err != nil && movedAway(err) || err == nil && out.leftBehind() != nil {
		r.forget(t.Mailbox, rt)
	}
	return out, onServer(rt, err)
}

// check refuses targets that any service would refuse: the quarantine mailboxes
// of all services are protected.
func (r *Router) check(t Target) error {
	for _, rt := range r.routes {
		if err := rt.service.check(t); err != nil {
			return err
		}
	}
	return nil
}
