package ewsmail

import (
	"context"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The engine calls the methods in this file. Together with [strategy.Carry], they
// translate EWS errors for it.

// Address returns the address of the mailbox.
func (m *mailbox) Address() string { return m.address }

// Client returns the client that the strategy uses for the mailbox.
func (m *mailbox) Client() *ews.Client { return m.client }

// Find returns the items that match a query.
func (m *mailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	found, err := m.find(ctx, q)
	return found, translate(err)
}

// Candidates visits the items that may match criteria.
func (m *mailbox) Candidates(ctx context.Context, filter driver.Criteria, q driver.Query, visit func(driver.Candidate) error) (driver.Findings, error) {
	var stopped error
	found, err := m.candidates(ctx, filter, q, func(c driver.Candidate) error {
		stopped = visit(c)
		return stopped
	})
	if stopped != nil {
		return found, stopped // the error is the engine's, not the server's
	}
	return found, translate(err)
}

// Open opens the MIME form of an item.
func (m *mailbox) Open(ctx context.Context, it driver.Item) (io.ReadCloser, error) {
	message, err := m.open(ctx, it)
	return message, translate(err)
}

// Content reads the MIME form of an item.
func (m *mailbox) Content(ctx context.Context, it driver.Item) (driver.Content, error) {
	c, err := m.content(ctx, it)
	return c, translate(err)
}

// Inspect reads one item again.
func (m *mailbox) Inspect(ctx context.Context, itemID string) (driver.Item, error) {
	it, err := m.inspect(ctx, itemID)
	return it, translate(err)
}

// Mark changes an item with one UpdateItem.
func (m *mailbox) Mark(ctx context.Context, item driver.Item, mark driver.Change) (driver.Item, error) {
	it, err := m.mark(ctx, item, mark)
	return it, translate(err)
}

// Remove permanently deletes an item, without notifying its sender.
func (m *mailbox) Remove(ctx context.Context, item driver.Item) error {
	return translate(m.remove(ctx, item))
}

// Shelve moves an item that nobody needs to a folder of its mailbox.
func (m *mailbox) Shelve(ctx context.Context, item driver.Item, to *driver.Folder) (driver.Item, error) {
	it, err := m.shelve(ctx, item, to)
	return it, translate(err)
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

// Leftovers finds what a move left in Recoverable Items.
func (m *mailbox) Leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	left, err := m.leftovers(ctx, operation)
	return left, translate(err)
}

// Probe reads the Inbox.
func (m *mailbox) Probe(ctx context.Context) error { return translate(m.probe(ctx)) }

// Members returns the members of a group.
func (m *mailbox) Members(ctx context.Context, address string) ([]driver.Member, bool, error) {
	members, complete, err := m.members(ctx, address)
	return members, complete, translate(err)
}

// Lookup returns the owner of an address, primary or secondary.
func (m *mailbox) Lookup(ctx context.Context, address string) (driver.Member, error) {
	who, err := m.lookup(ctx, address)
	return who, translate(err)
}

// Forwarded returns the owner's forwards of a message and replies to it, from
// Sent Items and the folders below.
func (m *mailbox) Forwarded(ctx context.Context, messageID string, limit int) ([]driver.Forwarded, error) {
	sent, err := m.forwarded(ctx, messageID, limit)
	return sent, translate(err)
}

// probe reads the Inbox.
func (m *mailbox) probe(ctx context.Context) error {
	results, err := m.client.GetFolder(ctx, ews.GetFolderRequest{Folders: []ews.FolderRef{m.known(ews.FolderInbox)}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return m.unreachable(ctx, err)
	}
	return nil
}
