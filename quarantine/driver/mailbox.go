package driver

import (
	"context"
	"errors"
)

// Mailbox is access to one mailbox.
type Mailbox interface {
	// Address returns the address of the mailbox.
	Address() string

	// Find returns the items that a query asks for, complete except for their
	// attachments.
	Find(ctx context.Context, q Query) (Findings, error)

	// Inspect reads one item again, with everything a proof needs, including
	// attachments. The returned item has the id that was asked for. The error matches
	// [ErrGone] if it does not exist.
	Inspect(ctx context.Context, itemID string) (Item, error)

	// Mark changes an item, in a single write as far as the server supports it,
	// without notifying anyone, and returns the item as it is afterwards. The
	// error matches [ErrGone] if the item no longer exists, and [ErrConflict] if
	// it has changed since it was read.
	Mark(ctx context.Context, item Item, m Change) (Item, error)

	// Remove permanently deletes an item, so its owner cannot recover it, without
	// notifying anyone. The error matches [ErrGone] if the item no longer exists
	// under this id (its owner may have moved it), and [ErrConflict] if it has
	// changed since it was read, as far as the mail system can tell. Whatever Remove
	// returns, the engine reads back that the item is gone.
	Remove(ctx context.Context, item Item) error

	// Folder returns a folder by name, creating it if the request says so. The
	// error matches [ErrGone] if it does not exist.
	Folder(ctx context.Context, want FolderRequest) (Folder, error)

	// Home returns the folder to which an item that was in a given folder is restored:
	// that folder by its id; failing that, its path, re-created where missing; failing
	// that, the Inbox. An item from Recoverable Items, where nothing can be put, goes
	// where its owner would find it: Deleted Items. The zero Folder means the Inbox. A
	// folder of another system comes without an id, and its Base and Below are that
	// system's names: if they do not identify a folder, it is the Inbox.
	Home(ctx context.Context, was Folder) (Folder, error)
}

// Errors of a [Mailbox]; test with errors.Is.
var (
	// ErrGone reports that an item or folder no longer exists, or is not visible
	// to the account.
	ErrGone = errors.New("quarantine: no longer exists")
	// ErrConflict reports that someone has changed the item since it was read.
	ErrConflict = errors.New("quarantine: changed since it was read")
	// ErrUnreachable reports that a mailbox does not exist, or that the account
	// may not open it.
	ErrUnreachable = errors.New("quarantine: mailbox cannot be opened")
)
