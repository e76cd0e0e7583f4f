package detour

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mailbox passes on the calls to a mailbox. Of the optional capabilities, it passes on
// those that move or read items.
type mailbox struct {
	driver.Mailbox
	hook func(context.Context, *Call)
}

// Unwrap returns the mailbox itself, for capabilities that are not passed on.
func (m mailbox) Unwrap() driver.Mailbox { return m.Mailbox }

func (m mailbox) pass(ctx context.Context, c Call, act func() Answer) Answer {
	c.Box = m.Address()
	return pass(ctx, m.hook, c, act)
}

func (m mailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	a := m.pass(ctx, Call{Kind: Find, Query: q}, func() (a Answer) {
		a.Found, a.Err = m.Mailbox.Find(ctx, q)
		return a
	})
	return a.Found, a.Err
}

func (m mailbox) Inspect(ctx context.Context, id string) (driver.Item, error) {
	a := m.pass(ctx, Call{Kind: Inspect, Item: driver.Item{ID: id}}, func() (a Answer) {
		a.Item, a.Err = m.Mailbox.Inspect(ctx, id)
		return a
	})
	return a.Item, a.Err
}

func (m mailbox) Mark(ctx context.Context, item driver.Item, change driver.Change) (driver.Item, error) {
	a := m.pass(ctx, Call{Kind: Mark, Item: item, Change: change}, func() (a Answer) {
		a.Item, a.Err = m.Mailbox.Mark(ctx, item, change)
		return a
	})
	return a.Item, a.Err
}

func (m mailbox) Remove(ctx context.Context, item driver.Item) error {
	return m.pass(ctx, Call{Kind: Remove, Item: item}, func() Answer { return Answer{Err: m.Mailbox.Remove(ctx, item)} }).Err
}

func (m mailbox) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	a := m.pass(ctx, Call{Kind: Folder}, func() (a Answer) {
		a.Folder, a.Err = m.Mailbox.Folder(ctx, want)
		return a
	})
	return a.Folder, a.Err
}

func (m mailbox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	a := m.pass(ctx, Call{Kind: Home}, func() (a Answer) {
		a.Folder, a.Err = m.Mailbox.Home(ctx, was)
		return a
	})
	return a.Folder, a.Err
}

// Content reads an item if the driver can.
func (m mailbox) Content(ctx context.Context, item driver.Item) (driver.Content, error) {
	r, ok := driver.As[driver.Reader](m.Mailbox)
	if !ok {
		return driver.Content{}, errors.ErrUnsupported
	}
	a := m.pass(ctx, Call{Kind: Content, Item: item}, func() (a Answer) {
		a.Content, a.Err = r.Content(ctx, item)
		return a
	})
	return a.Content, a.Err
}

// Leftovers finds what a move has left if the driver can.
func (m mailbox) Leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	s, ok := driver.As[driver.Sweeper](m.Mailbox)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	a := m.pass(ctx, Call{Kind: Leftovers, Item: driver.Item{Stamp: &driver.Stamp{Operation: operation}}}, func() (a Answer) {
		a.Items, a.Err = s.Leftovers(ctx, operation)
		return a
	})
	return a.Items, a.Err
}

// Shelve puts an item aside if the driver can.
func (m mailbox) Shelve(ctx context.Context, item driver.Item, to *driver.Folder) (driver.Item, error) {
	s, ok := driver.As[driver.Shelver](m.Mailbox)
	if !ok {
		return item, errors.ErrUnsupported
	}
	a := m.pass(ctx, Call{Kind: Shelve, Item: item}, func() (a Answer) {
		a.Item, a.Err = s.Shelve(ctx, item, to)
		return a
	})
	return a.Item, a.Err
}
