package quarantine

import (
	"context"
	"iter"
	"slices"
)

// QuarantineAll quarantines targets in any mailboxes, each as [Router.Quarantine] does,
// on all servers concurrently, and yields each result as soon as it is known, in no
// particular order. The sequence may be of any length: all that is kept in memory is a
// window of it (Window of [RouterOptions]), about 40 bytes for each target that has come,
// 20 MB at most, and what criteria have found.
//
// The targets of one mailbox that are in the window are worked on together, and those of
// other mailboxes after or alongside them. A mailbox that the server wants left alone
// for a while, or in which something takes a long time, does not hold up the others; one
// with very many targets takes turns with them.
//
// A target that comes more than once in the same call has one result: the repeats are left
// out, whatever became of the first one. Targets count as repeats if they are [Target.Same]
// and have the same reference; the case of letters in the address, and whatever encloses
// the Message-ID, do not matter. At least 262,144 targets are remembered: a repeat farther
// back, or any repeat with Repeats of [RouterOptions], is worked on again, which takes
// nothing twice. A [Feed] needs Repeats, since the same target may be asked for again there
// on purpose.
//
// In a mailbox, the Inbox comes before other folders, and unread messages come before
// read ones: see [Service.Quarantine].
//
// For targets with criteria, nothing is taken until all of them, in all
// mailboxes, have been counted: see Total in [Limits].
//
// A failed target does not stop the others (but see MaxFailures of [RouterOptions]): its
// error comes with a receipt that contains only the target, and the server if known. When
// ctx ends, no more targets are begun, those in progress are still yielded as they finish,
// and those that have been read but not begun are yielded with an error that matches
// [ErrNotBegun]. If there may be targets that have not been read, a nil receipt with the
// cause comes last. When the loop is left early, targets in progress are cancelled and
// waited for; [Router.Recover], or running the targets again, settles what they had begun.
//
// While the body of the loop does not return, what is in progress finishes, and nothing
// more is begun: that is a pause. To pause from elsewhere, or to watch the run, see
// [Campaign].
//
// At most PerServer targets (see [RouterOptions]) are in progress on each server at a time,
// and some more while others have to wait. Targets are read from another goroutine; the
// sequence must not block forever.
func (r *Router) QuarantineAll(ctx context.Context, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	return r.NewCampaign(nil).Quarantine(ctx, targets)
}

// FindAll is [Router.QuarantineAll] for [Router.Find]: it changes nothing, and
// fails where QuarantineAll would.
func (r *Router) FindAll(ctx context.Context, targets iter.Seq[Target]) iter.Seq2[*Receipt, error] {
	return r.NewCampaign(nil).Find(ctx, targets)
}

// aheadOfSlots is how many receipts or mailboxes are looked at ahead for each slot, so
// that those of one busy server leave room for those of others.
const aheadOfSlots = 4

// window returns how many receipts or mailboxes are looked at in all at a time.
func (r *Router) window() int { return aheadOfSlots * r.opts.PerServer * len(r.routes) }

// spread runs work for each element of a sequence, at most atOnce at a time, and returns
// when all are done. An error means that the context ended before all were started. If
// one panics, no more are started, and spread panics once the others are done.
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

// List is [Service.List] on all servers concurrently, each with its oldest items first.
// With a mailbox, only the servers that may have it, or have had it, are asked. An error
// is a [*ServerError] and concerns one server; it does not stop the others.
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

// Recover is [Service.Recover] on all servers concurrently. An error is a
// [*ServerError] and concerns one server; it does not stop the others. Services may
// share a journal: each recovers the intents with its name.
func (r *Router) Recover(ctx context.Context) iter.Seq2[*Receipt, error] {
	return onEach(ctx, r.routes, func(ctx context.Context, rt *route, emit func(*Receipt, error)) {
		for out, err := range rt.service.recovering(ctx, func(server string) bool { return r.named(server) != nil }) {
			emit(out, onServer(rt, err))
		}
	})
}

// onEach runs do for each of the given services concurrently.
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

// gather yields what work emits from any goroutine. emit blocks until the value is taken;
// once the loop has been left, it does nothing, and the context ends. work must not return
// before its goroutines have, so none outlives the loop. If it panics, so does the loop,
// once everything emitted before has been yielded.
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
			if !yielding { // otherwise yield's own panic propagates
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
