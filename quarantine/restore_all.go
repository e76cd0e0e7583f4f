package quarantine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ErrNotBegun reports that nothing was done for a target or receipt, because the context
// had ended before its turn, or because too many had failed: see MaxFailures of
// [RouterOptions] (test with errors.Is). The error also matches the cause.
var ErrNotBegun = errors.New("quarantine: not begun")

// usualAtOnce is the default of PerServer in [RouterOptions].
const usualAtOnce = 8

// RestoreAll puts back what receipts say was taken, each as [Service.Restore] does, 8 at
// a time, and yields each result as soon as it is known, in no particular order.
//
// A receipt that cannot be restored does not stop the others: its error comes with a
// receipt that contains only the target and the server. When ctx ends, nothing more is
// begun, and what is in progress is still yielded as it finishes. A receipt that has been
// read by then but not begun is yielded with an error that matches [ErrNotBegun]. If
// there may be receipts that have not been read, a nil receipt with the cause comes last.
// When the loop is left early, what is in progress is cancelled and waited for; restoring
// the same receipts again settles it.
//
// Receipts are read shortly before they are needed, from another goroutine; the sequence
// must not block forever. The same receipt may occur twice: the second time, it is found
// to be restored already.
func (s *Service) RestoreAll(ctx context.Context, receipts iter.Seq[*Receipt]) iter.Seq2[*Receipt, error] {
	slots := make(chan struct{}, usualAtOnce)
	return restoreEach(ctx, receipts, usualAtOnce, func(ctx context.Context, was *Receipt) (*Receipt, error) {
		return whenFree(ctx, slots, func() (*Receipt, error) { return s.Restore(ctx, was) })
	})
}

// RestoreAll is [Service.RestoreAll] on all servers concurrently. Each receipt is
// restored as [Router.Restore] does, within the limits of [RouterOptions]: at most
// PerServer are in progress on each server at a time, each for at most TargetFor, and
// no more are begun there after MaxFailures in a row.
func (r *Router) RestoreAll(ctx context.Context, receipts iter.Seq[*Receipt]) iter.Seq2[*Receipt, error] {
	failures := r.newStreaks()
	return restoreEach(ctx, receipts, r.window(), func(ctx context.Context, was *Receipt) (*Receipt, error) {
		rt, err := r.of(was)
		if err != nil {
			return nothingTaken(was, err)
		}
		return whenFree(ctx, rt.slots, func() (*Receipt, error) {
			return failures.tolerate(rt, func() (*Receipt, error) {
				ctx, cancel := r.timed(ctx)
				defer cancel()
				return r.restore(ctx, rt, was)
			})
		})
	})
}

// whenFree waits for a free slot and calls do, unless the context has ended by then.
func whenFree(ctx context.Context, slots chan struct{}, do func() (*Receipt, error)) (*Receipt, error) {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotBegun, context.Cause(ctx))
	}
	return do()
}

// restoreEach restores receipts, reading up to ahead of them in advance.
func restoreEach(ctx context.Context, receipts iter.Seq[*Receipt], ahead int, restore func(context.Context, *Receipt) (*Receipt, error)) iter.Seq2[*Receipt, error] {
	return gather(ctx, func(ctx context.Context, emit func(*Receipt, error)) {
		left := false
		all := func(yield func(*Receipt) bool) {
			if left = ctx.Err() != nil; left {
				return
			}
			for was := range receipts {
				if !yield(was) {
					return
				}
				if left = ctx.Err() != nil; left {
					return
				}
			}
		}
		// Every receipt that has been read is accounted for, even if the context has
		// ended by then.
		_ = spread(context.WithoutCancel(ctx), ahead, all, func(was *Receipt) {
			out, err := restore(ctx, was)
			if out == nil {
				out = &Receipt{Action: "restore", Items: []ReceiptItem{}}
				if was != nil {
					out.Server, out.Strategy, out.Target = was.Server, was.Strategy, was.Target
				}
			}
			emit(out, err)
		})
		if left {
			emit(nil, context.Cause(ctx))
		}
	})
}

// of returns the service that a receipt names.
func (r *Router) of(receipt *Receipt) (*route, error) {
	if receipt == nil {
		return nil, driver.Invalid("receipt", "", "is nil; pass the receipt of a quarantine")
	}
	if receipt.Server == "" {
		return r.unnamed(receipt)
	}
	rt := r.named(receipt.Server)
	if rt == nil {
		return nil, driver.Invalid("receipt", "server", fmt.Sprintf("is %q, which is not the name of a server; the servers are %q: give the one that it was taken on this name again, or leave the field empty", receipt.Server, r.Servers()))
	}
	return rt, nil
}

// nothingTaken returns the result for a receipt that names no known server: an error,
// unless the receipt shows that no server has taken anything.
func nothingTaken(was *Receipt, err error) (*Receipt, error) {
	if was == nil || was.Server != "" || was.Action == "find" || was.DryRun || len(was.Items) > 0 {
		return nil, err
	}
	now := time.Now()
	return &Receipt{Action: "restore", Target: was.Target, Started: now, Finished: now, Items: []ReceiptItem{}}, nil
}

// unnamed returns the service for a receipt that does not name one, such as a receipt from
// a service that had no name yet: the service in whose quarantine mailbox its items lie or,
// failing that, the service that claims the mailbox they were taken from.
func (r *Router) unnamed(receipt *Receipt) (*route, error) {
	if len(r.routes) == 1 {
		return r.routes[0], nil
	}
	var those []*route
	for _, rt := range r.routes {
		if slices.ContainsFunc(receipt.Items, func(it ReceiptItem) bool {
			return strings.EqualFold(it.To.Mailbox, rt.service.quarantine.Address())
		}) {
			those = append(those, rt)
		}
	}
	if all, claimed := r.candidates(receipt.Target.Mailbox); len(those) == 0 {
		those = all[:claimed]
	}
	if len(those) != 1 {
		return nil, driver.Invalid("receipt", "server", fmt.Sprintf("is empty, and the receipt does not show which of the servers it is of; restore it with that one alone, of %q", r.Servers()))
	}
	return those[0], nil
}
