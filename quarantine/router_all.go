package quarantine

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// QuarantineAll quarantines targets in any mailboxes, each as
// [Router.Quarantine] does, on all servers at once, and yields each result as
// soon as it is known, in no particular order. The same message or mailbox may
// occur in several targets.
//
// For targets with criteria, nothing is taken until all of them, in all
// mailboxes, have been counted: see Total in [Limits].
//
// A failed target does not stop the others, but see MaxFailures of [RouterOptions]: its
// error comes with a receipt that contains only the target, and the server if known. When ctx ends, no more
// targets are started, those in progress are still yielded as they finish, and
// last comes a nil receipt with the cause, which means that not all were
// started. When the loop is left early, targets in progress are cancelled and
// waited for; [Router.Recover], or running the targets again, settles what they
// had begun.
//
// At most PerServer targets of [RouterOptions] are in progress on each server
// at a time. Targets are read shortly before they are needed, from another
// goroutine; the sequence must not block for ever.
func (r *Router) QuarantineAll(ctx context.Context, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	return r.each(ctx, targets, "quarantine", (*Service).Quarantine)
}

// FindAll is [Router.QuarantineAll] for [Router.Find]: it changes nothing, and
// fails where QuarantineAll would.
func (r *Router) FindAll(ctx context.Context, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	return r.each(ctx, targets, "find", (*Service).Find)
}

// aheadOfSlots is how many targets are read ahead for each slot, so targets for
// one busy server leave room for those of others.
const aheadOfSlots = 4

func (r *Router) each(ctx context.Context, targets iter.Seq[Target], action string, do func(*Service, context.Context, Target) (*Receipt, error)) iter.Seq2[*Receipt, error] {
	return gather(ctx, func(ctx context.Context, emit func(*Receipt, error)) {
		c, failures := r.newCount(), r.newStreaks()
		err := spread(ctx, r.window(), targets, func(t Target) {
			if !t.byCriteria() {
				emit(r.one(ctx, t, action, failures, do))
				return
			}
			var found driver.Findings
			receipt, err := r.one(ctx, t, "find", failures, func(s *Service, ctx context.Context, t Target) (out *Receipt, err error) {
				out, found, err = s.find(ctx, t)
				return out, err
			})
			if err != nil {
				receipt.Action = action
				emit(receipt, err)
				return
			}
			c.add(counted{receipt, found})
		})
		switch {
		case c.err != nil:
			for _, h := range c.held {
				emit(&Receipt{Action: action, Server: h.receipt.Server, Strategy: h.receipt.Strategy, Target: h.receipt.Target, Items: []ReceiptItem{}}, c.err)
			}
		case action == "find":
			for _, h := range c.held {
				emit(h.receipt, nil)
			}
		case err == nil:
			err = spread(ctx, r.window(), slices.Values(c.held), func(h counted) { emit(r.one(ctx, h.receipt.Target, action, failures, h.quarantine)) })
		}
		if err != nil {
			emit(nil, err)
		}
	})
}

// window is how many targets are accepted at a time.
func (r *Router) window() int { return aheadOfSlots * r.opts.PerServer * len(r.routes) }

// spread runs work for each element of a sequence, at most atOnce at a time,
// and returns when all are done. An error means that the context ended before
// all were started. If one panics, no more are started, and it panics when the others are
// done.
func spread[T any](ctx context.Context, atOnce int, all iter.Seq[T], work func(T)) error {
	window := make(chan struct{}, atOnce)
	var wg crew
	defer wg.Wait()
	for one := range all {
		if wg.broken() {
			return nil
		}
		select {
		case window <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wg.Go(func() {
			defer func() { <-window }()
			work(one)
		})
	}
	return nil
}

// one handles one target as soon as its server has a free slot.
func (r *Router) one(ctx context.Context, t Target, action string, failures *streaks, do func(*Service, context.Context, Target) (*Receipt, error)) (*Receipt, error) {
	var at *route
	out, err := r.atMailbox(ctx, t, func(rt *route) (*Receipt, error) {
		at = rt
		select {
		case rt.slots <- struct{}{}:
			defer func() { <-rt.slots }()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		return failures.tolerate(rt, func() (*Receipt, error) {
			ctx, cancel := r.timed(ctx)
			defer cancel()
			return do(rt.service, ctx, t)
		})
	})
	if out == nil {
		out = &Receipt{Action: action, Target: t, Items: []ReceiptItem{}}
		if at != nil {
			out.Server, out.Strategy = at.name(), at.service.strategy.Name()
		}
	}
	return out, err
}

// timed bounds the work on one target.
func (r *Router) timed(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := r.opts.TargetFor
	if limit == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("the target took longer than %v: %w", limit, context.DeadlineExceeded))
}

// List is [Service.List] on all servers at once, each with its oldest items
// first. With a mailbox, only the servers that may have it, or have had it, are
// asked. An error is a [*ServerError] and concerns one server; it does not stop
// the others.
func (r *Router) List(ctx context.Context, req ListRequest) iter.Seq2[Held, error] {
	among := r.routes
	if req.Mailbox != "" {
		among, _ = r.candidates(req.Mailbox)
	}
	return onEach(ctx, among, func(ctx context.Context, rt *route, emit func(Held, error)) {
		for it, err := range rt.service.List(ctx, req) {
			emit(it, onServer(rt, err))
		}
	})
}

// Recover is [Service.Recover] on all servers at once. An error is a
// [*ServerError] and concerns one server; it does not stop the others. Services may
// share a journal: each recovers the intents with its name.
func (r *Router) Recover(ctx context.Context) iter.Seq2[*Receipt, error] {
	return onEach(ctx, r.routes, func(ctx context.Context, rt *route, emit func(*Receipt, error)) {
		for out, err := range rt.service.recovering(ctx, func(server string) bool { return r.named(server) != nil }) {
			emit(out, onServer(rt, err))
		}
	})
}

// onEach runs do for each of some services at the same time.
func onEach[T any](ctx context.Context, among []*route, do func(context.Context, *route, func(T, error))) iter.Seq2[T, error] {
	among = slices.Clone(among)
	return gather(ctx, func(ctx context.Context, emit func(T, error)) {
		var wg crew
		for _, rt := range among {
			wg.Go(func() { do(ctx, rt, emit) })
		}
		wg.Wait()
	})
}

// gather yields what work emits from any goroutine. emit blocks until the value
// is taken; once the loop has been left, it does nothing, and the context ends.
// work must not return before its goroutines have, so none outlives the loop. If it panics,
// so does the loop, when all that was emitted before has been yielded.
func gather[T any](ctx context.Context, work func(ctx context.Context, emit func(T, error))) iter.Seq2[T, error] {
	type result struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make(chan result)
		left := make(chan struct{})
		var worker crew
		worker.Go(func() {
			defer close(results)
			work(ctx, func(v T, err error) {
				select {
				case results <- result{v, err}:
				case <-left:
				}
			})
		})
		// Even if yield panics, nothing may be left running.
		yielding := false
		defer func() {
			cancel()
			close(left)
			for range results {
			}
			if !yielding { // else its own panic goes on
				worker.Wait()
			}
		}()
		for res := range results {
			yielding = true
			more := yield(res.value, res.err)
			yielding = false
			if !more {
				return
			}
		}
	}
}
