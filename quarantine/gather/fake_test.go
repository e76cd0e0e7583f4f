package gather_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

const latency = 20 * time.Millisecond

// request is one request to the fake: its mailbox and its members.
type request struct {
	kind, mailbox string
	members       []string
	batch         bool
	ended         bool // its context ended before it returned
}

// fake is a mail system whose calls take some time. It reports what it did for an item in
// the item itself.
type fake struct {
	mu       sync.Mutex
	requests []request
	poisoned map[string]error         // the error that ends the call of an item
	before   map[string]time.Duration // how long a request for that item waits before it is sent
	panics   map[string]bool
	goexit   func() // called in each batch
}

// request waits as long as a request takes. It first asks whether it may be sent.
func (f *fake) request(ctx context.Context, kind, mailbox string, batch, writes bool, members []string) error {
	for _, m := range members {
		select {
		case <-time.After(f.before[m]):
		case <-ctx.Done():
			return &driver.Error{Err: context.Cause(ctx), Untouched: true}
		}
	}
	if ctx.Err() != nil {
		return &driver.Error{Err: context.Cause(ctx), Untouched: true}
	}
	if writes {
		if err := driver.Sending(ctx); err != nil {
			return &driver.Error{Err: fmt.Errorf("not sent: %w", err), Untouched: true}
		}
	}
	f.mu.Lock()
	n := len(f.requests)
	f.requests = append(f.requests, request{kind, mailbox, slices.Clone(members), batch, false})
	f.mu.Unlock()
	var err error
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		f.mu.Lock()
		f.requests[n].ended = true
		f.mu.Unlock()
		err = &driver.Error{Err: context.Cause(ctx)}
	}
	for _, m := range members {
		if f.panics[m] {
			panic("the driver of " + m)
		}
	}
	driver.Spend(ctx, driver.Spending{RequestID: fmt.Sprintf("%s-%d", kind, n), Server: "fake", BytesOut: 100})
	return err
}

// all makes a request for several members, and gives each its reply.
func all[A, V any](ctx context.Context, f *fake, kind, mailbox string, writes bool, args []A, name func(A) string, value func(A) V) []driver.Reply[V] {
	if f.goexit != nil {
		f.goexit()
	}
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = name(a)
	}
	replies := make([]driver.Reply[V], len(args))
	err := f.request(ctx, kind, mailbox, true, writes, names)
	for i, a := range args {
		replies[i] = driver.Reply[V]{Value: value(a), Err: err}
		if own := f.poisoned[names[i]]; err == nil && own != nil {
			replies[i] = driver.Reply[V]{Err: own}
		}
	}
	return replies
}

// one is all for one item.
func one[A, V any](ctx context.Context, f *fake, kind, mailbox string, writes bool, arg A, name func(A) string, value func(A) V) (V, error) {
	err := f.request(ctx, kind, mailbox, false, writes, []string{name(arg)})
	return value(arg), err
}

// counted returns how many requests of a kind there were, and how many members they had.
func (f *fake) counted(kind string) (requests, members int) {
	for _, r := range f.requests {
		if r.kind == kind {
			requests++
			members += len(r.members)
		}
	}
	return requests, members
}

// plain is a strategy of the fake that has no batches.
type plain struct{ *fake }

func (plain) Name() string   { return "fake" }
func (plain) System() string { return "fake" }
func (p plain) Mailbox(address string) driver.Mailbox {
	return plainBox{p.fake, address}
}

func (p plain) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	return one(ctx, p.fake, "carry", c.From.Address(), true, c, carriageName, carried)
}

func carriageName(c driver.Carriage) string { return c.Item.ID }
func carried(c driver.Carriage) driver.Carried {
	return driver.Carried{Way: driver.WayMove, Faithful: true, Once: true, ItemID: "copy of " + c.Item.ID + " in " + c.Folder.ID}
}

// batching is a strategy of the fake that has batches.
type batching struct{ plain }

func (b batching) Mailbox(address string) driver.Mailbox {
	return batchBox{plainBox{b.fake, address}}
}

func (b batching) CarryAll(ctx context.Context, cs []driver.Carriage) []driver.Reply[driver.Carried] {
	return all(ctx, b.fake, "carry", cs[0].From.Address(), true, cs, carriageName, carried)
}

type plainBox struct {
	*fake
	address string
}

func same(s string) string             { return s }
func queryName(q driver.Query) string  { return q.MessageID }
func itemID(it driver.Item) string     { return it.ID }
func markName(m driver.Marking) string { return m.Item.ID }
func marked(m driver.Marking) driver.Item {
	return driver.Item{ID: m.Item.ID, Subject: "marked " + m.Item.ID}
}
func removed(driver.Item) struct{}    { return struct{}{} }
func inspected(id string) driver.Item { return driver.Item{ID: id, Subject: "subject of " + id} }
func found(q driver.Query) driver.Findings {
	return driver.Findings{Items: []driver.Item{{ID: "of " + q.MessageID}}}
}
func leftovers(operation string) []driver.Item { return []driver.Item{{ID: "left by " + operation}} }
func contentOf(it driver.Item) driver.Content {
	return driver.Content{Parts: []driver.ContentPart{{Kind: driver.PartKind("content of " + it.ID)}}}
}
func homeName(f driver.Folder) string      { return f.Path }
func homeOf(f driver.Folder) driver.Folder { return driver.Folder{ID: "home of " + f.Path} }

func (b plainBox) Address() string { return b.address }
func (b plainBox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	return one(ctx, b.fake, "find", b.address, false, q, queryName, found)
}

func (b plainBox) Inspect(ctx context.Context, id string) (driver.Item, error) {
	return one(ctx, b.fake, "inspect", b.address, false, id, same, inspected)
}

func (b plainBox) Mark(ctx context.Context, it driver.Item, c driver.Change) (driver.Item, error) {
	return one(ctx, b.fake, "mark", b.address, true, driver.Marking{Item: it, Change: c}, markName, marked)
}

func (b plainBox) Remove(ctx context.Context, it driver.Item) error {
	_, err := one(ctx, b.fake, "remove", b.address, true, it, itemID, removed)
	return err
}

func (b plainBox) Folder(context.Context, driver.FolderRequest) (driver.Folder, error) {
	return driver.Folder{}, driver.ErrGone
}

func (b plainBox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	return one(ctx, b.fake, "home", b.address, true, was, homeName, homeOf)
}

// batchBox is a mailbox that has batches, leftovers and contents.
type batchBox struct{ plainBox }

func (b batchBox) FindAll(ctx context.Context, qs []driver.Query) []driver.Reply[driver.Findings] {
	return all(ctx, b.fake, "find", b.address, false, qs, queryName, found)
}

func (b batchBox) InspectAll(ctx context.Context, ids []string) []driver.Reply[driver.Item] {
	return all(ctx, b.fake, "inspect", b.address, false, ids, same, inspected)
}

func (b batchBox) MarkAll(ctx context.Context, marks []driver.Marking) []driver.Reply[driver.Item] {
	return all(ctx, b.fake, "mark", b.address, true, marks, markName, marked)
}

func (b batchBox) RemoveAll(ctx context.Context, items []driver.Item) []driver.Reply[struct{}] {
	return all(ctx, b.fake, "remove", b.address, true, items, itemID, removed)
}

func (b batchBox) Leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	return one(ctx, b.fake, "sweep", b.address, false, operation, same, leftovers)
}

func (b batchBox) LeftoversAll(ctx context.Context, operations []string) []driver.Reply[[]driver.Item] {
	return all(ctx, b.fake, "sweep", b.address, false, operations, same, leftovers)
}

func (b batchBox) Content(ctx context.Context, it driver.Item) (driver.Content, error) {
	return one(ctx, b.fake, "read", b.address, false, it, itemID, contentOf)
}

func (b batchBox) ContentAll(ctx context.Context, items []driver.Item) []driver.Reply[driver.Content] {
	return all(ctx, b.fake, "read", b.address, false, items, itemID, contentOf)
}

// numbered returns names of members.
func numbered(what string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(strings.ToLower(what), " ", i)
	}
	return names
}
