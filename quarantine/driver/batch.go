package driver

import (
	"context"
	"errors"
)

// ErrAlone is the error of a member of a batch that was not carried out with the others,
// and will not be: nothing has been sent for it, or the server refused it before doing
// anything. The caller makes the call for a single item instead (test with errors.Is).
var ErrAlone = errors.New("quarantine: to be asked for alone")

// Reply is the result for one member of a batch. If Err is nil, Value is what the call for
// a single item would have returned.
type Reply[T any] struct {
	Value T
	Err   error
}

// The batches below are optional: a driver that can do the same for several items with
// one request implements them, and package gather then lets concurrent calls share
// requests. They return a reply for each member, in the order asked, each as the call for
// a single item would have ended: with the same errors, classified for this member alone.
// If a driver cannot decide about a member, because the request failed as a whole or the
// server stopped at another member, the reply is [ErrAlone] if the request cannot have
// had any effect on that member. All members belong to one mailbox. If a batch is larger
// than the mail system accepts, the driver divides it, or replies to the excess with
// ErrAlone.
//
// Before each request that may change something, a driver calls [Sending].

// BatchFinder is a [Mailbox] that answers several queries in one call. Queries over
// other folders than the first one end with [ErrAlone].
type BatchFinder interface {
	FindAll(ctx context.Context, queries []Query) []Reply[Findings]
}

// BatchInspector is a [Mailbox] that inspects several items in one call. An id may
// occur more than once.
type BatchInspector interface {
	InspectAll(ctx context.Context, itemIDs []string) []Reply[Item]
}

// BatchMarker is a [Mailbox] that marks several items in one call, each under its own
// version.
type BatchMarker interface {
	MarkAll(ctx context.Context, marks []Marking) []Reply[Item]
}

// Marking is an item and what to change about it: the arguments of [Mailbox.Mark].
type Marking struct {
	Item   Item
	Change Change
}

// BatchRemover is a [Mailbox] that removes several items in one call.
type BatchRemover interface {
	RemoveAll(ctx context.Context, items []Item) []Reply[struct{}]
}

// BatchSweeper is a [Mailbox] that finds the leftovers of several operations in one call.
type BatchSweeper interface {
	LeftoversAll(ctx context.Context, operations []string) []Reply[[]Item]
}

// BatchReader is a [Reader] that reads the content of several items in one call. It holds
// none of them completely in memory, and asks for no more in one request than the mail
// system returns.
type BatchReader interface {
	ContentAll(ctx context.Context, items []Item) []Reply[Content]
}

// BatchCarrier is a [Strategy] that carries several items from one mailbox into one folder
// of another in one call. Carriages between other ends than those of the first one end with
// [ErrAlone]. The engine tells the copies apart by their stamps: a driver that does not
// know for certain which copy belongs to which item leaves out their ids.
type BatchCarrier interface {
	CarryAll(ctx context.Context, carriages []Carriage) []Reply[Carried]
}

// Sending returns nil if a request that may change something may still be sent with a
// context. A driver that supports batches calls it immediately before it sends each of
// them, when it no longer has to wait for anything: while it waited, the context of a
// member may have ended, and then nothing may be sent for that member. If Sending returns
// an error, the driver sends nothing, and returns an error that wraps it for each member.
// It always returns nil for a context that does not come from [AskSending].
func Sending(ctx context.Context) error {
	ask, ok := ctx.Value(sendingKey{}).(func() error)
	if !ok {
		return nil
	}
	return ask()
}

// AskSending returns a context for which [Sending] calls ask.
func AskSending(ctx context.Context, ask func() error) context.Context {
	return context.WithValue(ctx, sendingKey{}, ask)
}

type sendingKey struct{}
