package quarantine

import (
	"context"
	"iter"
)

// Feed yields what comes from a channel until the channel is closed or ctx ends, for
// [Router.QuarantineAll] and its like: alerts that arrive as time goes by are worked on
// side by side, and end in their own order.
//
// When ctx ends, nothing more is read: what is still in the channel stays there. So that
// what has been read by then is finished, and not cancelled, QuarantineAll gets a context
// of its own, such as [context.WithoutCancel] of this one; then each target that was read
// has a result, and the loop ends. How far it reads ahead is Window of [RouterOptions].
//
// Set Repeats of RouterOptions: without it, an alert that comes again, days later
// perhaps, is left out without a result.
//
// Targets with criteria do not belong into a feed: QuarantineAll takes none of them until
// all are counted, which is when the feed ends. Give them to [Router.Quarantine].
func Feed[T any](ctx context.Context, from <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for ctx.Err() == nil {
			select {
			case one, open := <-from:
				if !open || !yield(one) {
					return
				}
			case <-ctx.Done():
			}
		}
	}
}
