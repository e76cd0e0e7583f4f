package driver

import (
	"context"
	"errors"
)

// ErrAlone is the error of a member of a batch that was not carried out with the others,
// and will not be: nothing of it has been sent, or the server has refused it before it did
// anything. Who asked makes the call of one item for it: test with errors.Is.
var ErrAlone = errors.New("quarantine: to be asked for alone")

// Reply is what came of one member of a batch. If Err is nil, Value is what the call of one
// item would have returned.
type Reply[T any] struct {
	Value T
	Err   error
}

// The batches below are optional: a driver that can do the same for several items with
// one request says so, and package gather then lets concurrent calls share requests. They
// return a reply for each member, in the order asked, each as the call of one item would
// have ended: with the same errors, and classified for this member alone. What a driver
// cannot decide for one member, because the request failed as a whole or the server has
// stopped at another member, ends with [ErrAlone] if nothing can have come of it. All
// members are of one mailbox. A batch must not be larger than what the mail system takes;
// the driver divides it, or ends what is too much with ErrAlone.
//
// Before each request that may change something a driver asks [Sending].

// BatchFinder is a [Mailbox] that answers several queries at once. Queries over other
// folders than the first one end with [ErrAlone].
type BatchFinder interface {
	FindAll(ctx context.Context, queries []Query) []Reply[Findings]
}

// BatchInspector is a [Mailbox] that inspects several items at once. An id may be named
// more than once.
type BatchInspector interface {
	InspectAll(ctx context.Context, itemIDs []string) []Reply[Item]
}

// BatchMarker is a [Mailbox] that marks several items at once, each with the version that
// it has.
type BatchMarker interface {
	MarkAll(ctx context.Context, marks []Marking) []Reply[Item]
}

// Marking is an item and what to change about it: the arguments of [Mailbox.Mark].
type Marking struct {
	Item   Item
	Change Change
}

// BatchRemover is a [Mailbox] that removes several items at once.
type BatchRemover interface {
	RemoveAll(ctx context.Context, items []Item) []Reply[struct{}]
}

// BatchSweeper is a [Mailbox] that finds the leftovers of several operations at once.
type BatchSweeper interface {
	LeftoversAll(ctx context.Context, operations []string) []Reply[[]Item]
}

// BatchReader is a [Reader] that reads the content of several items at once. It holds none
// of them completely in memory, and asks for no more at once than the mail system returns.
type BatchReader interface {
	ContentAll(ctx context.Context, items []Item) []Reply[Content]
}

// BatchCarrier is a [Strategy] that carries several items at once from one mailbox into one
// folder of another. Carriages between other ends than the first one end with [ErrAlone].
// The engine tells the copies apart by their stamps: a driver that does not know for
// certain which copy is whose leaves their ids out.
type BatchCarrier interface {
	CarryAll(ctx context.Context, carriages []Carriage) []Reply[Carried]
}

// Sending asks whether a request that may change something may still be sent with a
// context. A driver that has batches asks immediately before it sends each of them, when
// it waits for nothing any more: since it waited, the context of a member may have ended,
// for which nothing may be sent then. If Sending returns an error, the driver sends
// nothing, and returns an error that wraps it for each member. It is nil for a context
// that nobody has asked to be asked about.
func Sending(ctx context.Context) error {
	ask, ok := ctx.Value(sendingKey{}).(func() error)
	if !ok {
		return nil
	}
	return ask()
}

// AskSending returns a context about which [Sending] asks ask.
func AskSending(ctx context.Context, ask func() error) context.Context {
	return context.WithValue(ctx, sendingKey{}, ask)
}

type sendingKey struct{}
