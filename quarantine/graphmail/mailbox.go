package graphmail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mailbox is a [driver.Mailbox] of Exchange Online, or a part of one.
type mailbox struct {
	s       *Strategy
	address string
	part    part
	used    time.Time // guarded by s.mu

	reading chan struct{} // has a value while the folders are read, so that they are read only once

	mu       sync.Mutex
	user     string // id of the user, empty until it is known
	exchange string // id of the mailbox for export and import
	session  graph.ImportSession
	tree     *folderTree
	own      map[string]string // ids of folders for export and import, by their ids for mail
}

// Address returns the address of the mailbox.
func (m *mailbox) Address() string { return m.address }

// Find returns the items that match a query.
func (m *mailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	found, err := m.find(ctx, q)
	return found, translate(err)
}

// Inspect reads one item again.
func (m *mailbox) Inspect(ctx context.Context, itemID string) (driver.Item, error) {
	it, err := m.inspect(ctx, itemID)
	return it, translate(err)
}

// Mark checks the version of an item, then changes it with one PATCH.
func (m *mailbox) Mark(ctx context.Context, item driver.Item, mark driver.Change) (driver.Item, error) {
	it, err := m.mark(ctx, item, mark)
	return it, translate(m.unchangeable(err))
}

// Remove permanently deletes an item, without notifying its sender.
func (m *mailbox) Remove(ctx context.Context, item driver.Item) error {
	return translate(m.unchangeable(m.remove(ctx, item)))
}

// Shelve moves an item that nobody needs to a folder of its mailbox.
func (m *mailbox) Shelve(ctx context.Context, item driver.Item, to *driver.Folder) (driver.Item, error) {
	it, err := m.shelve(ctx, item, to)
	return it, translate(m.unchangeable(err))
}

// Folder returns a folder. It creates a missing one if the request allows it.
func (m *mailbox) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	f, err := m.folder(ctx, want)
	return f, translate(err)
}

// Home returns the folder to restore an item to.
func (m *mailbox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	f, err := m.home(ctx, was)
	return f, translate(err)
}

// Probe reads the Inbox.
func (m *mailbox) Probe(ctx context.Context) error {
	box, err := m.open(ctx)
	if err == nil {
		_, err = box.Folder(ctx, inbox)
	}
	return translate(m.unreachable(err))
}

// payer returns the name of the budget that requests are charged to.
func (m *mailbox) payer() string { return strings.ToLower(m.address) }

// open returns access to the mailbox. The first time, and after the mailbox was not
// found, it asks the directory who has the address: Graph identifies users by id.
func (m *mailbox) open(ctx context.Context) (graph.Mailbox, error) {
	if ctx.Err() != nil {
		return graph.Mailbox{}, readOnly{context.Cause(ctx)} // even where a remembered answer would do
	}
	if m.part == vaultPart {
		return m.s.partOf(m.address, ownersPart).open(ctx)
	}
	m.mu.Lock()
	id := m.user
	m.mu.Unlock()
	if id != "" {
		return m.s.client.Mailbox(id, m.payer()), nil
	}
	user, err := m.s.client.UserOf(ctx, m.address)
	if errors.Is(err, graph.ErrDenied) {
		return graph.Mailbox{}, fmt.Errorf("looking for the user with the address %s, which needs the right User.Read.All: %w", m.address, err)
	}
	if err != nil {
		return graph.Mailbox{}, m.unreachable(err)
	}
	if primary := user.Primary(); primary != "" && !strings.EqualFold(primary, m.address) {
		return graph.Mailbox{}, fmt.Errorf("%w: %s: this is a secondary address: use the mailbox's primary address, which is %q", driver.ErrUnreachable, m.address, primary)
	}
	m.mu.Lock()
	m.user = user.ID
	m.mu.Unlock()
	return m.s.client.Mailbox(user.ID, m.payer()), nil
}

// unreachable explains why the mailbox cannot be opened, if that is what err means.
func (m *mailbox) unreachable(err error) error {
	switch {
	case errors.Is(err, graph.ErrNoMailbox):
		m.forget()
		if m.part == vaultPart {
			m.s.partOf(m.address, ownersPart).forget()
		}
		return fmt.Errorf("%w: %s: no user has the address, or the user has no mailbox in Exchange Online: check it; the address of a group is not that of a mailbox: %w",
			driver.ErrUnreachable, m.address, err)
	case errors.Is(err, graph.ErrDenied):
		return fmt.Errorf("%w: %s: the application may not open it: give it Mail.ReadWrite (with admin consent, or the role \"Application Mail.ReadWrite\" in a scope with this mailbox): %w",
			driver.ErrUnreachable, m.address, err)
	}
	return err
}

// unchangeable explains which right is missing, if mail can be read but not changed.
func (m *mailbox) unchangeable(err error) error {
	if graph.Has(err, graph.CodeAccessDenied) && !errors.Is(err, driver.ErrUnreachable) {
		return fmt.Errorf("the application may not change this message in %s: check that it has Mail.ReadWrite (with admin consent, or the role \"Application Mail.ReadWrite\" in a scope with this mailbox), "+
			"and that no label or hold forbids it: %w", m.address, err)
	}
	return err
}

// forget drops everything known about the mailbox.
func (m *mailbox) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.user, m.exchange, m.session, m.tree, m.own = "", "", graph.ImportSession{}, nil, nil
}

// transferID returns the id of the mailbox for export and import.
func (m *mailbox) transferID(ctx context.Context, box graph.Mailbox) (string, error) {
	m.mu.Lock()
	id := m.exchange
	m.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, err := box.ExchangeID(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the id of %s for export and import: %w", m.address, err)
	}
	m.mu.Lock()
	m.exchange = id
	m.mu.Unlock()
	return id, nil
}

// imports returns a session in which items can be imported into the mailbox.
func (m *mailbox) imports(ctx context.Context, box graph.Mailbox) (graph.ImportSession, error) {
	m.mu.Lock()
	session := m.session
	m.mu.Unlock()
	if session.Good() {
		return session, nil
	}
	id, err := m.transferID(ctx, box)
	if err != nil {
		return session, err
	}
	session, err = box.NewImportSession(ctx, id)
	if err != nil {
		return session, fmt.Errorf("beginning to import into %s: %w", m.address, err)
	}
	m.mu.Lock()
	m.session = session
	m.mu.Unlock()
	return session, nil
}

// endImports forgets the import session.
func (m *mailbox) endImports() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.session = graph.ImportSession{}
}
