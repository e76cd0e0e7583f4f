package gather

import (
	"context"
	"slices"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mailbox is a mailbox whose calls share requests. Calls whose batch function is nil go
// one by one.
type mailbox struct {
	driver.Mailbox
	g          *gathering
	findAll    func(context.Context, []driver.Query) []driver.Reply[driver.Findings]
	inspectAll func(context.Context, []string) []driver.Reply[driver.Item]
	markAll    func(context.Context, []driver.Marking) []driver.Reply[driver.Item]
	removeAll  func(context.Context, []driver.Item) []driver.Reply[struct{}]
}

// newMailbox returns m, decorated.
func newMailbox(g *gathering, m driver.Mailbox) driver.Mailbox {
	d := mailbox{Mailbox: m, g: g}
	if b, ok := m.(driver.BatchFinder); ok {
		d.findAll = b.FindAll
	}
	if b, ok := m.(driver.BatchInspector); ok {
		d.inspectAll = b.InspectAll
	}
	if b, ok := m.(driver.BatchMarker); ok {
		d.markAll = b.MarkAll
	}
	if b, ok := m.(driver.BatchRemover); ok {
		d.removeAll = b.RemoveAll
	}
	var decorated driver.Mailbox = d
	if all, ok := m.(driver.BatchSweeper); ok {
		if one, ok := m.(driver.Sweeper); ok {
			decorated = sweeping{decorated, g, one, all}
		}
	}
	if all, ok := m.(driver.BatchReader); ok {
		if one, ok := m.(driver.Reader); ok {
			decorated = reading{decorated, g, one, all}
		}
	}
	return decorated
}

// Unwrap returns the mailbox itself, for capabilities that gather does not share.
func (m mailbox) Unwrap() driver.Mailbox { return m.Mailbox }

// bare returns the mailbox of the driver.
func bare(m driver.Mailbox) driver.Mailbox {
	for {
		switch d := m.(type) {
		case mailbox:
			return d.Mailbox
		case sweeping:
			m = d.Mailbox
		case reading:
			m = d.Mailbox
		default:
			return m
		}
	}
}

// Find finds items, together with other calls that search the same folders for few items.
func (m mailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	if m.findAll == nil || q.Stamped || q.MessageID == "" && q.Operation == "" {
		return m.Mailbox.Find(ctx, q)
	}
	return m.g.finds.call(ctx, key(m.Address(), idOf(q.In), strconv.FormatBool(q.Below), idOf(q.Except), strconv.FormatBool(q.Archive)),
		q, m.Mailbox.Find, m.findAll)
}

// idOf returns a string that tells the folder of a query from others.
func idOf(f *driver.Folder) string {
	if f == nil {
		return ""
	}
	return "id " + f.ID
}

// Inspect reads an item, together with other calls.
func (m mailbox) Inspect(ctx context.Context, itemID string) (driver.Item, error) {
	if m.inspectAll == nil {
		return m.Mailbox.Inspect(ctx, itemID)
	}
	return m.g.inspects.call(ctx, key(m.Address()), itemID, m.Mailbox.Inspect, m.inspectAll)
}

// Mark changes an item, together with other calls.
func (m mailbox) Mark(ctx context.Context, item driver.Item, change driver.Change) (driver.Item, error) {
	if m.markAll == nil {
		return m.Mailbox.Mark(ctx, item, change)
	}
	one := func(ctx context.Context, mark driver.Marking) (driver.Item, error) {
		return m.Mailbox.Mark(ctx, mark.Item, mark.Change)
	}
	return m.g.marks.call(ctx, key(m.Address()), driver.Marking{Item: item, Change: change}, one, m.markAll)
}

// Remove removes an item, together with other calls.
func (m mailbox) Remove(ctx context.Context, item driver.Item) error {
	if m.removeAll == nil {
		return m.Mailbox.Remove(ctx, item)
	}
	one := func(ctx context.Context, item driver.Item) (struct{}, error) {
		return struct{}{}, m.Mailbox.Remove(ctx, item)
	}
	_, err := m.g.removes.call(ctx, key(m.Address()), item, one, m.removeAll)
	return err
}

// Home returns the folder to which an item is restored. Calls that ask for the same
// folder while they wait for an earlier call get the same answer.
func (m mailbox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	all := func(ctx context.Context, same []driver.Folder) []driver.Reply[driver.Folder] {
		home, err := m.Mailbox.Home(ctx, same[0])
		return slices.Repeat([]driver.Reply[driver.Folder]{{Value: home, Err: err}}, len(same))
	}
	return m.g.homes.call(ctx, key(m.Address(), was.ID, was.Path, was.Base, was.Below, strconv.FormatBool(was.Recoverable)), was, m.Mailbox.Home, all)
}

// sweeping is a mailbox that can find the leftovers of several operations at once.
type sweeping struct {
	driver.Mailbox
	g   *gathering
	one driver.Sweeper
	all driver.BatchSweeper
}

// Unwrap returns the mailbox without this capability.
func (m sweeping) Unwrap() driver.Mailbox { return m.Mailbox }

// Leftovers finds what a move left, together with other calls.
func (m sweeping) Leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	return m.g.sweeps.call(ctx, key(m.Address()), operation, m.one.Leftovers, m.all.LeftoversAll)
}

// reading is a mailbox that can read the content of several items at once.
type reading struct {
	driver.Mailbox
	g   *gathering
	one driver.Reader
	all driver.BatchReader
}

// Unwrap returns the mailbox without this capability.
func (m reading) Unwrap() driver.Mailbox { return m.Mailbox }

// Content reads the content of an item, together with other calls.
func (m reading) Content(ctx context.Context, item driver.Item) (driver.Content, error) {
	return m.g.contents.call(ctx, key(m.Address()), item, m.one.Content, m.all.ContentAll)
}
