package quarantine

import (
	"context"
	"iter"
)

// Feed yields the values from a channel until the channel is closed or ctx ends, for
// use with [Router.QuarantineAll] and similar methods: alerts that arrive over time are
// worked on concurrently, and finish in their own order.
//
// When ctx ends, nothing more is read: what is still in the channel stays there. To
// finish what has been read by then, instead of cancelling it, pass QuarantineAll a
// different context, such as [context.WithoutCancel] of this one; each target that was
// read then has a result, and the loop ends. Window of [RouterOptions] is how far it
// reads ahead.
//
// Set Repeats of RouterOptions: without it, an alert that is repeated, perhaps
// days later, is left out without a result.
//
// Targets with criteria do not belong in a feed: QuarantineAll takes none of them until
// all are counted, which is when the feed ends. Pass them to [Router.Quarantine].
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
