package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// restoresAtOnce is how many mailboxes of one alert are restored at a time.
const restoresAtOnce = 8

// take quarantines the message in some mailboxes.
func (w *work) take(ctx context.Context, j *job, a *alert, mailboxes []string) error {
	var targets []quarantine.Target
	for _, m := range mailboxes {
		targets = append(targets, a.target(m))
	}
	for receipt, err := range w.router.QuarantineAll(ctx, slices.Values(targets)) {
		if receipt == nil {
			return err // the context has ended
		}
		if err == nil && isUndecided(receipt) {
			j.undecided = true
		}
		mailbox := receipt.Target.Mailbox
		if err := w.keep(ctx, a.ID, actionQuarantine, mailbox, receipt, err); err != nil {
			return err
		}
		w.finish(j, mailbox)
	}
	return context.Cause(ctx)
}

// isUndecided reports whether it is not yet known where some copy is.
func isUndecided(r *quarantine.Receipt) bool {
	return slices.ContainsFunc(r.Items, func(it quarantine.ReceiptItem) bool { return it.Outcome == quarantine.Undecided })
}

// ended returns why an action is not done, or nil if it is.
func ended(ctx context.Context, undecided bool) error {
	if err := context.Cause(ctx); err != nil || !undecided {
		return err
	}
	return errUndecided
}

// putBack restores what was taken from some mailboxes according to the receipts of an alert.
func (w *work) putBack(ctx context.Context, j *job, a *alert, mailboxes []string) error {
	var undecided atomic.Bool
	var group errgroup.Group
	group.SetLimit(restoresAtOnce)
	for _, r := range a.Results {
		if !slices.Contains(mailboxes, r.Mailbox) {
			continue
		}
		group.Go(func() error {
			within, cancel := w.timed(ctx)
			defer cancel()
			receipt, err := w.router.Restore(within, r.Receipt)
			if err == nil && isUndecided(receipt) {
				undecided.Store(true)
			}
			if err := w.keep(ctx, a.ID, actionRestore, r.Mailbox, receipt, err); err != nil {
				return err
			}
			w.queue.put(w.lanes.release(j, r.Mailbox)...)
			return nil
		})
	}
	err := group.Wait()
	j.undecided = j.undecided || undecided.Load()
	return cmp.Or(err, context.Cause(ctx))
}

// keep stores the result for one mailbox, unless the work failed because it was cancelled, in
// which case the next start tries again.
func (w *work) keep(ctx context.Context, id string, what action, mailbox string, receipt *quarantine.Receipt, err error) error {
	r := result{Mailbox: mailbox}
	if receipt != nil && (err == nil || len(receipt.Items) > 0) {
		r.Receipt, r.Outcome, err = receipt, receipt.Outcome(), errors.Join(err, receipt.Err())
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		w.notice(err)
		r.Error = err.Error()
	}
	w.note(err, "mailbox done", "alert", id, "action", what, "mailbox", mailbox, "outcome", r.Outcome)
	return w.alerts.putResult(id, what, r)
}
