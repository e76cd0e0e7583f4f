package quarantine_test

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// otherSystem is a driver for another mail system that has the same mailboxes but
// different ids. If it is asked for an id that is not its own, it refuses, and
// remembers the id.
type otherSystem struct {
	driver.Strategy
	name, prefix string

	mu     sync.Mutex
	misled []string
}

func (o *otherSystem) System() string { return o.name }

func (o *otherSystem) Mailbox(address string) driver.Mailbox {
	return &otherMailbox{o.Strategy.Mailbox(address), o}
}

func (o *otherSystem) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	if !o.in(&c.Item.ID) || !o.in(&c.Item.Folder.ID) || !o.in(&c.Folder.ID) {
		return driver.Carried{}, errNotOurs
	}
	carried, err := o.Strategy.Carry(ctx, c)
	o.out(&carried.ItemID)
	return carried, err
}

var errNotOurs = &driver.Error{Err: errors.New("the id is malformed"), Untouched: true, Answered: true}

// in turns an id into that of the system below.
func (o *otherSystem) in(id *string) bool {
	own, ok := strings.CutPrefix(*id, o.prefix)
	if *id != "" && !ok {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.misled = append(o.misled, *id)
		return false
	}
	*id = own
	return true
}

// out turns ids into this system's.
func (o *otherSystem) out(ids ...*string) {
	for _, id := range ids {
		if *id != "" {
			*id = o.prefix + *id
		}
	}
}

type otherMailbox struct {
	driver.Mailbox
	o *otherSystem
}

func (m *otherMailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	if q.In != nil {
		in := *q.In
		if !m.o.in(&in.ID) {
			return driver.Findings{}, errNotOurs
		}
		q.In = &in
	}
	found, err := m.Mailbox.Find(ctx, q)
	for i := range found.Items {
		m.o.out(&found.Items[i].ID, &found.Items[i].Folder.ID)
	}
	for i := range found.Searched {
		m.o.out(&found.Searched[i].Folder.ID)
	}
	return found, err
}

func (m *otherMailbox) Inspect(ctx context.Context, id string) (driver.Item, error) {
	if !m.o.in(&id) {
		return driver.Item{}, errNotOurs
	}
	it, err := m.Mailbox.Inspect(ctx, id)
	m.o.out(&it.ID, &it.Folder.ID)
	return it, err
}

func (m *otherMailbox) Mark(ctx context.Context, it driver.Item, change driver.Change) (driver.Item, error) {
	if !m.o.in(&it.ID) || !m.o.in(&it.Folder.ID) {
		return it, errNotOurs
	}
	it, err := m.Mailbox.Mark(ctx, it, change)
	m.o.out(&it.ID, &it.Folder.ID)
	return it, err
}

func (m *otherMailbox) Remove(ctx context.Context, it driver.Item) error {
	if !m.o.in(&it.ID) || !m.o.in(&it.Folder.ID) {
		return errNotOurs
	}
	return m.Mailbox.Remove(ctx, it)
}

func (m *otherMailbox) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	f, err := m.Mailbox.Folder(ctx, want)
	m.o.out(&f.ID)
	return f, err
}

func (m *otherMailbox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	if !m.o.in(&was.ID) {
		return driver.Folder{}, errNotOurs
	}
	f, err := m.Mailbox.Home(ctx, was)
	m.o.out(&f.ID)
	return f, err
}
