package driver

import (
	"context"
	"errors"
	"time"
)

// Strategy opens mailboxes and carries items from one to another. The engine
// owns the sequence of steps, the proof and the journal; a strategy does what
// it is told, once, and reports the result.
//
// A strategy never repeats a write whose outcome it does not know: it returns
// the error, and the engine checks. Errors are an [*Error], which classifies
// them, or match one of the errors below. Methods may be called concurrently.
// The suite of package quarantinetest checks whether a strategy keeps this
// contract.
type Strategy interface {
	// Name returns the name of the strategy, for receipts.
	Name() string

	// Mailbox returns access to a mailbox by its primary SMTP address. It does no
	// I/O.
	Mailbox(address string) Mailbox

	// Carry brings the item, stamp included, into a folder of another mailbox, in
	// the best way that works. It changes nothing else: the copy is unread if the
	// original is, and nobody is notified. See [Carried].
	Carry(ctx context.Context, c Carriage) (Carried, error)
}

// Carriage is an item on its way from one mailbox to a folder of another.
type Carriage struct {
	From   Mailbox
	Item   Item
	To     Mailbox
	Folder Folder
}

// Carried describes how an item was carried. With an error, it describes the
// last attempt.
type Carried struct {
	// Way is a label for receipts; the engine acts on the fields below.
	Way Way

	// Faithful means that this way keeps every property of the item, so the engine
	// requires the same subject and attachments, and nearly the same size.
	// Otherwise the copy may have been rebuilt from the message.
	Faithful bool

	// Once means that a second attempt cannot make a second copy, because the
	// first takes the item away, and its id with it. Otherwise, after a lost
	// answer, the engine waits for a copy that may still arrive before it tries
	// again.
	Once bool

	// ItemID is the id of the copy, or empty if the server did not return it.
	ItemID string

	// Moved means that a successful call has removed the original. Otherwise the
	// original still exists, and is removed once the copy has been proved.
	Moved bool
}

// Mailbox is access to one mailbox.
type Mailbox interface {
	// Address returns the address of the mailbox.
	Address() string

	// Find returns the items that a query asks for, complete except for their
	// attachments.
	Find(ctx context.Context, q Query) (Findings, error)

	// Inspect reads one item again, with everything a proof needs, attachments
	// included. The error matches [ErrGone] if the item does not exist.
	Inspect(ctx context.Context, itemID string) (Item, error)

	// Mark changes an item, in a single write as far as the server can, without
	// notifying anyone, and returns the item as it is afterwards. The error
	// matches [ErrGone] if the item no longer exists, and [ErrConflict] if it has
	// changed since it was read.
	Mark(ctx context.Context, item Item, m Change) (Item, error)

	// Remove permanently deletes an item, so its owner cannot recover it, without
	// notifying anyone. The error matches [ErrGone] if the item no longer exists
	// under this id: its owner may have moved it.
	Remove(ctx context.Context, item Item) error

	// Folder returns a folder by name, creating it if the request says so. The
	// error matches [ErrGone] if it does not exist.
	Folder(ctx context.Context, want FolderRequest) (Folder, error)

	// Home returns the folder to which an item that was in a given folder is
	// restored: that folder by its id; failing that, its path, re-created where
	// missing; failing that, the Inbox. An item from Recoverable Items, where
	// nothing can be put, goes where its owner would find it: Deleted Items. The
	// zero Folder means the Inbox.
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

// Query says which items to find. All conditions that are set must hold.
type Query struct {
	MessageID string // with or without angle brackets
	Operation string // operation in the stamp
	Origin    string // mailbox in the stamp
	// Received is when the item was received, to the second.
	Received time.Time

	// In is the folder to search; with Below, also the folders below it. Nil means
	// all folders that users see, but not search folders or Recoverable Items,
	// unless the strategy is set to include those.
	In    *Folder
	Below bool

	// Stamped finds all items that have a stamp.
	Stamped bool
}

// Findings are the result of a [Query].
type Findings struct {
	Items []Item
	// Searched are the folders that were searched completely; Unsearched are those
	// that could not be, and items that could not be examined.
	Searched   []Searched
	Unsearched []Unsearched
}

// Folder is a folder of a mailbox.
type Folder struct {
	ID string `json:"id,omitempty"`
	// Path is the path that people see: display names, each after a slash. A slash
	// in a name is written %2F, a percent sign %25.
	Path string `json:"path,omitempty"`
	// Base names the nearest folder, this one or one above it, whose name is the
	// same in every language; Below is the path from there. Both are the driver's
	// own names, with which it finds or re-creates the folder when the id is gone.
	Base  string `json:"base,omitempty"`
	Below string `json:"below,omitempty"`
	// Recoverable means that it is one of the Recoverable Items folders, which
	// hold what the owner of the mailbox has deleted and may recover.
	Recoverable bool `json:"recoverable,omitempty"`
}

// FolderRequest says which folder is wanted.
type FolderRequest struct {
	// Names are the display names from the top of the mailbox down, unescaped: the
	// driver escapes what its paths cannot hold. At least one is required.
	Names []string
	// Create creates missing folders.
	Create bool
}

// Attachment describes an attachment.
type Attachment struct {
	Name   string
	Size   int64
	Inline bool
	// Message means that it is itself a message, whose own attachments are not
	// listed.
	Message bool
}

// Item is an item of a mailbox, as a strategy sees it.
type Item struct {
	ID      string
	Version string // changes whenever the item does; empty if the server has no versions
	Kind    string // the strategy's own notion of the kind; opaque
	Mailbox string
	Folder  Folder

	MessageID string
	Class     string // such as IPM.Note
	Subject   string
	Size      int64
	Received  time.Time
	Sent      time.Time
	Read      bool

	HasAttachments bool

	// Filled in by Inspect only.
	Attachments []Attachment
	Importance  string // "Low", "Normal", "High"
	Categories  []string

	// Stamp is nil if the item has none.
	Stamp *Stamp
}

// Change is a change to an item. Fields that are nil or zero change nothing.
type Change struct {
	Stamp *Stamp // sets the stamp
	Clear bool   // removes the stamp
	Read  *bool  // sets the read state
	// SetHeader adds an internet header, or replaces one of the same name that
	// Mark has set; DropHeader removes the one of that name.
	SetHeader  Header
	DropHeader string
}
